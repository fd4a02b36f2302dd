namespace Darkbloom.Protocol.Frames;

/// <summary>Why a transport closed a connection. Numbers are RFC 9000 section 20.1's where the meaning is.</summary>
public enum TransportErrorCode : ulong
{
    /// <summary>The session is over and nothing went wrong.</summary>
    None = 0x00,

    /// <summary>The sender of the CLOSE has a fault of its own.</summary>
    Internal = 0x01,

    /// <summary>The peer won't serve this session: it is full, or is shutting down.</summary>
    Refused = 0x02,

    /// <summary>More bytes came than MAX_DATA or MAX_STREAM_DATA allowed.</summary>
    FlowControl = 0x03,

    /// <summary>A stream was opened beyond MAX_STREAMS.</summary>
    StreamLimit = 0x04,

    /// <summary>A frame named a stream that its sender can't use in that way.</summary>
    StreamState = 0x05,

    /// <summary>A stream's end moved, or bytes came beyond it.</summary>
    FinalSize = 0x06,

    /// <summary>A frame was cut short, or a field was out of range.</summary>
    FrameEncoding = 0x07,

    /// <summary>More connection ids were issued than the peer holds.</summary>
    ConnectionIdLimit = 0x09,

    /// <summary>Anything else that the specification forbids, such as acknowledging a packet never sent.</summary>
    ProtocolViolation = 0x0A,

    /// <summary>A key phase came before the last one was confirmed.</summary>
    KeyUpdate = 0x0E,

    /// <summary>More packets came under one key than it may protect.</summary>
    AeadLimit = 0x0F,
}
