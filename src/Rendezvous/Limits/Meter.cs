using System;
using System.Collections.Generic;
using System.Diagnostics;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Rendezvous.Limits;

/// <summary>One <see cref="Rate"/> watched for many keys within bounded memory.</summary>
/// <remarks>
/// A key at rest is forgotten. When all of <see cref="RegistrarLimits.MetersMax"/> keys are active, new keys share one
/// bucket: a flood of fresh keys slows newcomers, never those already served.
/// </remarks>
internal sealed class Meter<TKey>(Rate rate, int keysMax = RegistrarLimits.MetersMax)
    where TKey : notnull
{
    private readonly Dictionary<TKey, TokenBucket> _buckets = [];
    private TokenBucket _strangers;
    private Instant _sweepAt;

    public int Count => _buckets.Count;

    /// <summary>Counts one event of <paramref name="key"/>; false, and how long to wait, when it is one too many.</summary>
    public bool TryTake(Instant now, TKey key, out TimeSpan wait)
    {
        Sweep(now);
        if (!_buckets.TryGetValue(key, out TokenBucket bucket) && _buckets.Count >= keysMax)
        {
            bool taken = _strangers.TryTake(now, rate, out _strangers, out wait);
            return taken;
        }
        if (!bucket.TryTake(now, rate, out TokenBucket after, out wait))
        {
            return false;
        }
        _buckets[key] = after;
        AssertInvariants();
        return true;
    }

    /// <summary>Whether an event of <paramref name="key"/> would be allowed; counts nothing.</summary>
    public bool Allows(Instant now, TKey key, out TimeSpan wait) =>
        _buckets.GetValueOrDefault(key).TryTake(now, rate, out _, out wait);

    private void Sweep(Instant now)
    {
        if (now < _sweepAt)
        {
            return;
        }
        _sweepAt = now + rate.TimeToFill;
        foreach ((TKey key, TokenBucket bucket) in _buckets)
        {
            if (bucket.IsFull(now))
            {
                _ = _buckets.Remove(key);
            }
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants() => Debug.Assert(_buckets.Count <= keysMax, "A meter keeps no more keys than its bound.");
}
