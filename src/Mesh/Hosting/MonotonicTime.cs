using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Reads a time provider's monotonic clock the way state machines take it.</summary>
public static class MonotonicTime
{
    private const double NanosecondsPerSecond = 1_000_000_000;

    public static Instant GetInstant(this TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return new Instant((long)(time.GetTimestamp() * (NanosecondsPerSecond / time.TimestampFrequency)));
    }
}
