using System;

namespace Darkbloom.Protocol.Primitives;

/// <summary>A point on the wall clock, in whole seconds since 1970-01-01T00:00:00Z; tickets are dated by it.</summary>
public readonly record struct UnixTime(long Seconds) : IComparable<UnixTime>
{
    public int CompareTo(UnixTime other) => Seconds.CompareTo(other.Seconds);

    public static bool operator <(UnixTime left, UnixTime right) => left.Seconds < right.Seconds;

    public static bool operator >(UnixTime left, UnixTime right) => left.Seconds > right.Seconds;

    public static bool operator <=(UnixTime left, UnixTime right) => left.Seconds <= right.Seconds;

    public static bool operator >=(UnixTime left, UnixTime right) => left.Seconds >= right.Seconds;

    public static UnixTime operator +(UnixTime time, TimeSpan duration) =>
        new(time.Seconds + (duration.Ticks / TimeSpan.TicksPerSecond));

    public static TimeSpan operator -(UnixTime later, UnixTime earlier) =>
        TimeSpan.FromSeconds(later.Seconds - earlier.Seconds);
}
