using System;

namespace Darkbloom.Simulations.Network;

/// <summary>What a datagram may suffer on its way; chances are in thousandths.</summary>
public sealed record LinkModel
{
    public TimeSpan Latency { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Added to the latency, drawn evenly from zero to this: enough of it makes datagrams overtake each other.</summary>
    public TimeSpan Jitter { get; init; }

    public int LossPerMille { get; init; }

    public int DuplicationPerMille { get; init; }

    /// <summary>One byte changes, as a checksum of 16 bits lets happen.</summary>
    public int CorruptionPerMille { get; init; }
}
