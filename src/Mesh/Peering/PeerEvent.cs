using Darkbloom.Mesh.Transport;

namespace Darkbloom.Mesh.Peering;

/// <summary>What a peer tells its driver.</summary>
public enum PeerEventKind
{
    /// <summary>An attempt to connect succeeded: Session, Attempt.</summary>
    Connected,

    /// <summary>An attempt to connect failed: Attempt, Failure, Code.</summary>
    ConnectFailed,

    /// <summary>Another peer opened Session, and has proven that it holds its key.</summary>
    Accepted,

    /// <summary>Something happened on Session: Event. After its Closed event the session is never mentioned again.</summary>
    Session,
}

/// <summary>One thing that happened; fields that its kind has no use for are default.</summary>
/// <param name="Code">The <c>TicketVerdict</c> of a rejected ticket.</param>
public readonly record struct PeerEvent(
    PeerEventKind Kind,
    MeshSession? Session = null,
    ulong Attempt = 0,
    ConnectFailure Failure = ConnectFailure.None,
    ulong Code = 0,
    ConnectionEvent Event = default);
