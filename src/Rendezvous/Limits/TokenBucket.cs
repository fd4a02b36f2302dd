using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Rendezvous.Limits;

/// <summary>A rate: so many events at once, and so many in each period thereafter.</summary>
public readonly record struct Rate(int Burst, int Count, TimeSpan Period)
{
    internal TimeSpan TimeToFill => Period * Burst / Count;

    internal TimeSpan TimePerToken => Period / Count;
}

/// <summary>How far one peer or prefix has used up its rate; the state is the instant at which the bucket is full again.</summary>
internal readonly record struct TokenBucket(Instant FullAt)
{
    public bool IsFull(Instant now) => FullAt <= now;

    /// <summary>Takes one token when there is one; otherwise says how long until there is.</summary>
    public bool TryTake(Instant now, Rate rate, out TokenBucket after, out TimeSpan wait)
    {
        TimeSpan missing = IsFull(now) ? TimeSpan.Zero : FullAt - now;
        TimeSpan missingAfter = missing + rate.TimePerToken;
        wait = missingAfter - rate.TimeToFill;
        if (wait > TimeSpan.Zero)
        {
            after = this;
            return false;
        }
        wait = TimeSpan.Zero;
        after = new TokenBucket(now + missingAfter);
        return true;
    }
}
