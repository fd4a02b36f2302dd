namespace Darkbloom.Mesh.Hosting;

/// <summary>Who ended a session or a stream: one value for each kind of failure that callers tell apart.</summary>
public enum MeshError
{
    None,

    /// <summary>The peer closed the session; its code and text are its own.</summary>
    ClosedByPeer,

    /// <summary>This process closed the session or disposed the host.</summary>
    ClosedLocally,

    /// <summary>Nothing was heard from the peer for too long.</summary>
    IdleTimeout,

    /// <summary>Nobody answered at that address, or whoever did does not hold the key asked for.</summary>
    HandshakeTimeout,

    /// <summary>One side does not accept the other's ticket; the code is the <c>TicketVerdict</c>.</summary>
    TicketRejected,

    /// <summary>The peer broke the protocol.</summary>
    ProtocolViolation,

    /// <summary>The peer aborted the stream; the code is its own.</summary>
    StreamReset,

    /// <summary>The peer has no room for another session or stream.</summary>
    Refused,

    /// <summary>A ticket expired while the session was open; connecting again presents its successor.</summary>
    TicketExpired,

    /// <summary>The code of one side failed; that session or attempt paid for it, and nobody broke the protocol.</summary>
    InternalFault,
}
