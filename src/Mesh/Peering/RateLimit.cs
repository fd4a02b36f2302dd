namespace Darkbloom.Mesh.Peering;

/// <summary>So many a second on average, and at most <paramref name="Burst"/> at once.</summary>
public readonly record struct RateLimit(int PerSecond, int Burst)
{
    internal long IntervalNanoseconds => 1_000_000_000L / PerSecond;
}
