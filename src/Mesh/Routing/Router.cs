using System;
using System.Runtime.CompilerServices;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Routing;

/// <summary>Chooses a node for a request: the one that has its conversation, else one that keeps a slot for it, else the cheapest of four drawn at random.</summary>
/// <remarks>
/// A few random choices stay good when the table is old, where "the least loaded" sends everybody to one node; and the
/// node itself has the last word by refusing. Picking reads one immutable table, takes no lock and allocates nothing.
/// </remarks>
public static class Router
{
    /// <summary>Routes that are compared.</summary>
    public const int Choices = 4;

    /// <summary>How much dearer than the mean of the drawn routes a node may be that has the conversation in its cache.</summary>
    private const double PreferredCostMax = 1.25;

    /// <summary>How much dearer than the cheapest drawn route one may be whose node keeps a slot: a slow machine has free slots too.</summary>
    private const double LeasedCostMax = 2;

    /// <summary>Draws before every route is looked at, for tables in which hardly any route is usable.</summary>
    private const int DrawsMax = 16;

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
        ReadOnlySpan<Route> leased = query.IsBatch ? [] : table.LeasedOf(query.Model);
        return Pick(routes, leased, Reach.Connected, query, excluded, now, prng)
            ?? Pick(routes, [], Reach.Unconnected, query, excluded, now, prng);
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
        return (Ahead(route, query, now) * service) + service + route.SmoothedRtt.TotalSeconds;
    }

    /// <summary>How many whole services the request would wait for, as a fraction of the node's slots.</summary>
    private static double Ahead(Route route, in RouteQuery query, Instant now)
    {
        if (!query.IsBatch && route.IsLeased(now))
        {
            return 0;
        }

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
        ReadOnlySpan<Route> routes, ReadOnlySpan<Route> leased, Reach reach, in RouteQuery query, ReadOnlySpan<PeerId> excluded,
        Instant now, Prng prng)
    {
        Draw draw = DrawFrom(routes, reach, query, excluded, now, prng);
        (Route? cheapest, double least, double mean) = Compare(draw, query, now);
        if (query.Preferred is { } preferred
            && Find(routes, preferred) is { } sticky
            && IsUsable(sticky, reach, query, excluded, now)
            && (HasFreeSlot(sticky, query, now) || Cost(sticky, query, now) <= PreferredCostMax * mean))
        {
            return sticky;
        }

        (Route? kept, double cost, _) = Compare(DrawFrom(leased, Reach.Leased, query, excluded, now, prng), query, now);
        return kept is not null && cost <= LeasedCostMax * least ? kept : cheapest;
    }

    private static (Route? Cheapest, double Least, double Mean) Compare(in Draw draw, in RouteQuery query, Instant now)
    {
        Route? cheapest = null;
        double least = double.PositiveInfinity, sum = 0;
        for (int i = 0; i < draw.Count; i++)
        {
            double cost = Cost(draw[i], query, now);
            sum += cost;
            (cheapest, least) = cost < least ? (draw[i], cost) : (cheapest, least);
        }

        return (cheapest, least, sum / draw.Count);
    }

    private static Draw DrawFrom(
        ReadOnlySpan<Route> routes, Reach reach, in RouteQuery query, ReadOnlySpan<PeerId> excluded, Instant now, Prng prng)
    {
        Draw draw = default;
        for (int draws = 0; draws < DrawsMax && draw.Count < Choices && !routes.IsEmpty; draws++)
        {
            Route drawn = routes[prng.Next(routes.Length)];
            if (!draw.Holds(drawn) && IsUsable(drawn, reach, query, excluded, now))
            {
                draw[draw.Count++] = drawn;
            }
        }

        if (draw.Count < Choices)
        {
            DrawFromAll(ref draw, routes, reach, query, excluded, now, prng);
        }

        return draw;
    }

    /// <summary>Draws anew by looking at every route once: each set of usable routes is equally likely.</summary>
    private static void DrawFromAll(
        ref Draw draw, ReadOnlySpan<Route> routes, Reach reach, in RouteQuery query, ReadOnlySpan<PeerId> excluded,
        Instant now, Prng prng)
    {
        draw = default;
        int usable = 0;
        foreach (Route route in routes)
        {
            if (!IsUsable(route, reach, query, excluded, now))
            {
                continue;
            }

            usable++;
            if (draw.Count < Choices)
            {
                // Equal costs go to the first, and the table's order must not decide who that is.
                int place = prng.Next(usable);
                draw[draw.Count++] = draw[place];
                draw[place] = route;
                continue;
            }

            int replaced = prng.Next(usable);
            if (replaced < Choices)
            {
                draw[replaced] = route;
            }
        }
    }

    private static Route? Find(ReadOnlySpan<Route> routes, PeerId node)
    {
        int index = RouteTable.IndexOf(routes, node);
        return index < 0 ? null : routes[index];
    }

    /// <summary>Whether the node would begin at once, as far as is known.</summary>
    private static bool HasFreeSlot(Route route, in RouteQuery query, Instant now) => Ahead(route, query, now) == 0;

    private static bool IsUsable(
        Route route, Reach reach, in RouteQuery query, ReadOnlySpan<PeerId> excluded, Instant now) =>
        route.IsConnected == (reach != Reach.Unconnected)
        && (reach != Reach.Leased || route.IsLeased(now))
        && route.State == ServingState.Serving
        && query.Fits(route)
        && !route.IsOut(now)
        && !excluded.Contains(route.Node);

    /// <summary>The routes that may be drawn.</summary>
    private enum Reach
    {
        Connected,
        Leased,
        Unconnected,
    }

    /// <summary>The routes that are compared, without an array.</summary>
    [InlineArray(Choices)]
    private struct Places
    {
        private Route _first;
    }

    private struct Draw
    {
        private Places _places;

        public int Count { get; set; }

        public Route this[int place]
        {
            readonly get => _places[place];
            set => _places[place] = value;
        }

        public readonly bool Holds(Route route)
        {
            for (int i = 0; i < Count; i++)
            {
                if (ReferenceEquals(_places[i], route))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
