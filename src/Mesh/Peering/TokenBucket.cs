using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Peering;

/// <summary>Admits events at a limited rate; keeps one number, the time at which all it admitted is paid for.</summary>
internal struct TokenBucket
{
    private long _paidAt;

    public bool TryTake(Instant now, RateLimit limit)
    {
        long due = Math.Max(_paidAt, now.Nanoseconds);
        if (due - now.Nanoseconds > limit.IntervalNanoseconds * (limit.Burst - 1))
        {
            return false;
        }
        _paidAt = due + limit.IntervalNanoseconds;
        return true;
    }
}
