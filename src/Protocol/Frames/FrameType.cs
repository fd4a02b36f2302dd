namespace Darkbloom.Protocol.Frames;

/// <summary>The first byte of each frame in a data packet's plaintext. Numbers are RFC 9000's where the meaning is.</summary>
/// <remarks>An unknown type closes the connection: without a length, nothing after it can be found.</remarks>
public enum FrameType : byte
{
    Padding = 0x00,
    Ping = 0x01,
    Ack = 0x02,
    ResetStream = 0x04,
    StopSending = 0x05,
    HandshakeQuestion = 0x06,
    HandshakeAnswer = 0x07,
    MaxData = 0x10,
    MaxStreamData = 0x11,
    MaxStreamsBidirectional = 0x12,
    MaxStreamsUnidirectional = 0x13,
    DataBlocked = 0x14,
    StreamDataBlocked = 0x15,
    StreamsBlockedBidirectional = 0x16,
    StreamsBlockedUnidirectional = 0x17,
    NewConnectionId = 0x18,
    RetireConnectionId = 0x19,
    PathChallenge = 0x1A,
    PathResponse = 0x1B,
    TransportClose = 0x1C,
    ApplicationClose = 0x1D,
    ObservedAddress = 0x1E,

    /// <summary>The lowest of 16 types: the low four bits carry priority, OFF and FIN.</summary>
    Stream = 0x20,
    StreamLast = 0x2F,

    Datagram = 0x31,

    /// <summary>The number of draft-ietf-quic-ack-frequency.</summary>
    AckFrequency = 0xAF,
}
