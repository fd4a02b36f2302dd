using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Handshake;

/// <summary>What one side lets the other do from the first data packet on (docs/protocol.md, section 4.6).</summary>
public sealed record TransportParameters
{
    public const ulong AckDelayMsMax = 1_000;
    public const ulong IdleTimeoutMsMax = 600_000;
    public const ulong StreamsMax = 1 << 20;

    /// <summary>Bytes that the peer may send on all streams together before MAX_DATA raises it.</summary>
    public ulong InitialDataBytesMax { get; init; } = 16 << 20;

    /// <summary>Bytes that the peer may send on each stream before MAX_STREAM_DATA raises it.</summary>
    public ulong InitialStreamDataBytesMax { get; init; } = 1 << 20;

    /// <summary>Bidirectional streams that the peer may open before MAX_STREAMS raises it.</summary>
    public ulong InitialStreamsMax { get; init; } = 256;

    /// <summary>The same of unidirectional streams.</summary>
    public ulong InitialUnidirectionalStreamsMax { get; init; }

    /// <summary>How long this side may hold an acknowledgement back.</summary>
    public ulong AckDelayMs { get; init; } = 25;

    /// <summary>How long this side keeps a session on which nothing arrives.</summary>
    public ulong IdleTimeoutMs { get; init; } = 30_000;

    /// <summary>The largest datagram that this side receives.</summary>
    public ulong DatagramBytesMax { get; init; } = WireLimits.DatagramBytesOfEthernet;

    /// <summary>The largest DATAGRAM frame that this side takes, type and length included; 0 when it takes none.</summary>
    public ulong DatagramFrameBytesMax { get; init; }

    /// <summary>Whether every value lies within its limit.</summary>
    public bool IsValid =>
        InitialDataBytesMax <= VarInt.MaxValue
        && InitialStreamDataBytesMax <= VarInt.MaxValue
        && InitialStreamsMax <= StreamsMax
        && InitialUnidirectionalStreamsMax <= StreamsMax
        && AckDelayMs <= AckDelayMsMax
        && IdleTimeoutMs is > 0 and <= IdleTimeoutMsMax
        && DatagramBytesMax is >= WireLimits.DatagramBytesMin and <= ushort.MaxValue
        && DatagramFrameBytesMax <= ushort.MaxValue;
}
