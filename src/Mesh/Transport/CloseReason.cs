namespace Darkbloom.Mesh.Transport;

/// <summary>Who ended a connection.</summary>
public enum CloseCause
{
    /// <summary>This application asked for it; the code is its own.</summary>
    LocalApplication,

    /// <summary>The peer's application asked for it; the code is that application's.</summary>
    RemoteApplication,

    /// <summary>The peer broke the protocol, and this side noticed; the code is a TransportErrorCode.</summary>
    LocalTransport,

    /// <summary>The peer's transport gave up on this side; the code is a TransportErrorCode.</summary>
    RemoteTransport,

    /// <summary>Nothing came for the idle timeout.</summary>
    IdleTimeout,
}

/// <summary>Why a connection ended. The text of a remote cause is the peer's claim, for a log and no more.</summary>
public sealed record CloseReason(CloseCause Cause, ulong Code, string Text);
