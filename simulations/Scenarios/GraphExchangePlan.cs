using System;
using Darkbloom.Mesh.Peering;
using Darkbloom.Simulations.Network;

namespace Darkbloom.Simulations.Scenarios;

/// <summary>The size of a <see cref="GraphExchange"/>.</summary>
public sealed record GraphExchangePlan
{
    public int Peers { get; init; } = 50;

    public int EdgesPerPeer { get; init; } = 3;

    /// <summary>Each exchange sends from one byte to this many.</summary>
    public int BytesMax { get; init; } = 100_000;

    /// <summary>Exchanges begin at random within this time.</summary>
    public TimeSpan StartWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an exchange tries to connect before it counts as failed.</summary>
    public HandshakeLimits Handshakes { get; init; } = new();

    public LinkModel Link { get; init; } = new()
    {
        Latency = TimeSpan.FromMilliseconds(20),
        Jitter = TimeSpan.FromMilliseconds(10),
        LossPerMille = 10,
        DuplicationPerMille = 5,
    };
}
