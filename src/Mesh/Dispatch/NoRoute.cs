using System;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Dispatch;

/// <summary>Tells why a request found no node that it could even be offered to.</summary>
internal static class NoRoute
{
    /// <summary>The outcome, and when asking again makes sense if that is known.</summary>
    public static (InferenceOutcome Outcome, TimeSpan? RetryAfter) Why(RouteTable routes, in RouteQuery query, Instant now)
    {
        ReadOnlySpan<Route> known = routes.RoutesOf(query.Model);
        if (known.IsEmpty)
        {
            return (routes.Knows(query.Model) ? InferenceOutcome.NoNodeReachable : InferenceOutcome.ModelNotFound, null);
        }

        bool anyAble = false, anyFits = false, anyRests = false;
        Instant? soonest = null;
        foreach (Route route in known)
        {
            if ((route.Capabilities & query.Needs) != query.Needs)
            {
                continue;
            }

            anyAble = true;
            if (!query.Fits(route))
            {
                continue;
            }

            anyFits = true;
            anyRests |= route.State != ServingState.Serving;
            soonest = route.IsOut(now) ? Instant.Earlier(soonest, route.OutUntil) : soonest;
        }

        return !anyAble ? (InferenceOutcome.InvalidRequest, null)
            : !anyFits ? (InferenceOutcome.ContextLengthExceeded, null)
            : anyRests ? (InferenceOutcome.NoCapacity, soonest - now)
            : (InferenceOutcome.NoNodeReachable, soonest - now);
    }
}
