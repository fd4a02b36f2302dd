using System;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Routing;

/// <summary>Chooses a node for a request: the cheaper of two drawn at random.</summary>
/// <remarks>
/// Two random choices stay good when the table is old, where "the least loaded" sends everybody to one node; and the
/// node itself has the last word by refusing. Picking reads one immutable table, takes no lock and allocates nothing.
/// </remarks>
public static class Router
{
    /// <summary>Draws before every route is looked at, for tables in which hardly any route is usable.</summary>
    private const int DrawsMax = 8;

    // What is assumed of a node until something was claimed or seen: a small machine that is not too slow to try.
    private const double DefaultPrefillTokensPerSecond = 200;
    private const double DefaultDecodeTokensPerSecond = 20;

    /// <summary>Picks a route, of connected nodes if there are any, else of those that would first be dialled.</summary>
    /// <returns>Null when no route fits.</returns>
    public static Route? Pick(
        RouteTable table, in RouteQuery query, ReadOnlySpan<PeerId> excluded, Instant now, Prng prng)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(prng);
        ReadOnlySpan<Route> routes = table.RoutesOf(query.Model);
        return Pick(routes, connected: true, query, excluded, now, prng)
            ?? Pick(routes, connected: false, query, excluded, now, prng);
    }

    /// <summary>Seconds until the request's last token if it went to this route.</summary>
    public static double Cost(Route route, in RouteQuery query, Instant now)
    {
        ArgumentNullException.ThrowIfNull(route);
        double prefill = Speed(
            route.Observed.PrefillTokensPerSecond, route.Load?.PrefillTokensPerSecond, DefaultPrefillTokensPerSecond);
        double decode = Speed(
            route.Observed.DecodeTokensPerSecond, route.Load?.DecodeTokensPerSecond, DefaultDecodeTokensPerSecond);
        double service = (query.PromptTokens / prefill) + (query.OutputTokens / decode);
        return (Ahead(route, now) * service) + service + route.SmoothedRtt.TotalSeconds;
    }

    /// <summary>How many whole services the request would wait for, as a fraction of the node's slots.</summary>
    private static double Ahead(Route route, Instant now)
    {
        if (route.Load is not { Slots: > 0 } load || now - route.LoadAt > Route.LoadAgeMax)
        {
            // Not known is not the same as idle: assume that one request runs there besides ours.
            return 1 + route.InFlight;
        }

        // Requests of ours that started after the report are not in it: without this credit every request until the
        // next report would go to the same node.
        int unreported = Math.Max(0, route.InFlight - route.InFlightReported);
        int waiting = Math.Max(0, load.Busy + unreported + 1 - load.Slots);
        return (double)waiting / load.Slots;
    }

    private static double Speed(double observed, double? claimed, double assumed) =>
        observed > 0 ? observed : claimed is > 0 ? claimed.Value : assumed;

    private static Route? Pick(
        ReadOnlySpan<Route> routes, bool connected, in RouteQuery query, ReadOnlySpan<PeerId> excluded, Instant now,
        Prng prng)
    {
        if (routes.IsEmpty)
        {
            return null;
        }

        Route? first = null;
        for (int draw = 0; draw < DrawsMax; draw++)
        {
            Route drawn = routes[prng.Next(routes.Length)];
            if (ReferenceEquals(drawn, first) || !IsUsable(drawn, connected, query, excluded, now))
            {
                continue;
            }

            if (first is not null)
            {
                return Cheaper(first, drawn, query, now);
            }

            first = drawn;
        }

        return PickOfAll(routes, connected, query, excluded, now, prng);
    }

    /// <summary>The cheaper of two usable routes, each pair equally likely, by looking at every route once.</summary>
    private static Route? PickOfAll(
        ReadOnlySpan<Route> routes, bool connected, in RouteQuery query, ReadOnlySpan<PeerId> excluded, Instant now,
        Prng prng)
    {
        Route? first = null, second = null;
        int usable = 0;
        foreach (Route route in routes)
        {
            if (!IsUsable(route, connected, query, excluded, now))
            {
                continue;
            }

            usable++;
            if (usable <= 2)
            {
                (first, second) = (first ?? route, first is null ? null : route);
                continue;
            }

            int place = prng.Next(usable);
            first = place == 0 ? route : first;
            second = place == 1 ? route : second;
        }

        if (first is null || second is null)
        {
            return first;
        }

        // Equal costs go to the first, and the table's order must not decide who that is.
        return prng.Chance(1, 2) ? Cheaper(first, second, query, now) : Cheaper(second, first, query, now);
    }

    private static Route Cheaper(Route first, Route second, in RouteQuery query, Instant now) =>
        Cost(second, query, now) < Cost(first, query, now) ? second : first;

    private static bool IsUsable(
        Route route, bool connected, in RouteQuery query, ReadOnlySpan<PeerId> excluded, Instant now) =>
        route.IsConnected == connected
        && route.State == ServingState.Serving
        && route.ContextTokens >= query.ContextTokensMin
        && (route.Capabilities & query.Needs) == query.Needs
        && !route.IsOut(now)
        && !excluded.Contains(route.Node);
}
