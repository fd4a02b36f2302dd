namespace Darkbloom.Protocol.Handshake;

/// <summary>
/// Ids in the list of a handshake payload; a reader skips those it doesn't know (docs/protocol.md, section 4.6).
/// </summary>
internal enum HandshakeParameter : ulong
{
    InitialDataBytesMax = 1,
    InitialStreamDataBytesMax = 2,
    InitialStreamsMax = 3,
    AckDelayMs = 4,
    IdleTimeoutMs = 5,
    DatagramBytesMax = 6,
    ObservedAddress = 7,
    Refusal = 8,
    InitialUnidirectionalStreamsMax = 9,
    DatagramFrameBytesMax = 10,
}
