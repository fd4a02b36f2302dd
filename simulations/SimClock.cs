using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Simulations;

/// <summary>The wall clock of a simulated world, which begins at a fixed date.</summary>
public static class SimClock
{
    private static readonly UnixTime _start = new(1_800_000_000);

    public static UnixTime At(Instant now) => _start + (now - new Instant(0));
}
