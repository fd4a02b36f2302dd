using Darkbloom.Mesh.Transport.Streams;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>Which promise a sent frame made; frames that make none (PING, PATH_*) are not recorded.</summary>
internal enum SentFrameKind : byte
{
    Stream,
    ResetStream,
    StopSending,
    MaxStreamData,
    MaxData,
    MaxStreamsBidirectional,
    MaxStreamsUnidirectional,
    DataBlocked,
    StreamDataBlocked,
    StreamsBlockedBidirectional,
    StreamsBlockedUnidirectional,
    ObservedAddress,
    NewConnectionId,
    RetireConnectionId,
    Ack,
    AckFrequency,
    Handshake,
}

/// <summary>What to repeat if the packet is lost, and what to settle if it arrives.</summary>
/// <param name="Stream">Null for frames of the whole connection.</param>
/// <param name="Value">Stream: the offset. Ack: the largest number acknowledged. Limits: the limit. Handshake: its place among this side's messages.</param>
internal readonly record struct SentFrame(
    SentFrameKind Kind, TransportStream? Stream = null, ulong Value = 0, int Length = 0, bool IsFinal = false);
