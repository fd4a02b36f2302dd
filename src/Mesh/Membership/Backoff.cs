using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Membership;

/// <summary>Delays that double from a least to a most, each drawn from its upper half so that peers don't return in step.</summary>
public sealed class Backoff(int delayMsMin, int delayMsMax, Prng prng)
{
    private readonly int _delayMsMin = delayMsMin;
    private int _delayMs = delayMsMin;

    public TimeSpan Next()
    {
        int half = _delayMs / 2;
        int drawn = half + prng.Next(_delayMs - half + 1);
        _delayMs = (int)Math.Min((long)_delayMs * 2, delayMsMax);
        return TimeSpan.FromMilliseconds(drawn);
    }

    public void Reset() => _delayMs = _delayMsMin;
}
