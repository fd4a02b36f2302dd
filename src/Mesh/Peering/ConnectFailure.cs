namespace Darkbloom.Mesh.Peering;

/// <summary>Why an attempt to connect came to nothing.</summary>
public enum ConnectFailure
{
    None,

    /// <summary>Nobody who holds the key answered in time.</summary>
    Timeout,

    /// <summary>The responder does not accept this peer's ticket.</summary>
    OwnTicketRejected,

    /// <summary>This peer does not accept the responder's ticket.</summary>
    PeerTicketRejected,

    /// <summary>The responder answered genuinely, and in a way that the protocol forbids.</summary>
    ProtocolViolation,

    /// <summary>The key asked for is no point of the curve.</summary>
    InvalidKey,

    /// <summary>This peer has too many handshakes under way.</summary>
    TooManyAttempts,

    /// <summary>This peer's own code failed on the attempt.</summary>
    InternalFault,
}
