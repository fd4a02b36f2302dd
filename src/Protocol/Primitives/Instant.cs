using System;

namespace Darkbloom.Protocol.Primitives;

/// <summary>A point on the monotonic clock, in nanoseconds; it has no epoch and never crosses the wire.</summary>
/// <param name="Nanoseconds">Nanoseconds since the clock's own start.</param>
public readonly record struct Instant(long Nanoseconds) : IComparable<Instant>
{
    private const long NanosecondsPerTick = 100;

    public int CompareTo(Instant other) => Nanoseconds.CompareTo(other.Nanoseconds);

    public static bool operator <(Instant left, Instant right) => left.Nanoseconds < right.Nanoseconds;

    public static bool operator >(Instant left, Instant right) => left.Nanoseconds > right.Nanoseconds;

    public static bool operator <=(Instant left, Instant right) => left.Nanoseconds <= right.Nanoseconds;

    public static bool operator >=(Instant left, Instant right) => left.Nanoseconds >= right.Nanoseconds;

    public static Instant operator +(Instant instant, TimeSpan duration) =>
        new(instant.Nanoseconds + (duration.Ticks * NanosecondsPerTick));

    public static Instant operator -(Instant instant, TimeSpan duration) =>
        new(instant.Nanoseconds - (duration.Ticks * NanosecondsPerTick));

    public static TimeSpan operator -(Instant later, Instant earlier) =>
        new((later.Nanoseconds - earlier.Nanoseconds) / NanosecondsPerTick);

    /// <summary>The earlier of two optional instants; null means never.</summary>
    public static Instant? Earlier(Instant? left, Instant? right) =>
        left is { } l && (right is not { } r || l <= r) ? left : right;
}
