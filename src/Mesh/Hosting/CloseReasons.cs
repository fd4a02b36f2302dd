using System.Diagnostics;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;

namespace Darkbloom.Mesh.Hosting;

/// <summary>The one place where the core's endings become the errors that callers tell apart.</summary>
internal static class CloseReasons
{
    public static MeshCloseReason Of(CloseReason reason) => new(ErrorOf(reason), reason.Code, reason.Text);

    public static MeshException Of(ConnectFailure failure, ulong code) => failure switch
    {
        ConnectFailure.Timeout => new(MeshError.HandshakeTimeout, code, "Nobody who holds the key answered in time."),
        ConnectFailure.OwnTicketRejected => new(MeshError.TicketRejected, code, "The peer does not accept this peer's ticket."),
        ConnectFailure.PeerTicketRejected => new(MeshError.TicketRejected, code, "The peer's ticket is not acceptable."),
        ConnectFailure.ProtocolViolation => new(MeshError.ProtocolViolation, code, "The peer's answer breaks the protocol."),
        ConnectFailure.InvalidKey => new(MeshError.HandshakeTimeout, code, "The key asked for is no key: nobody can hold it."),
        ConnectFailure.TooManyAttempts => new(MeshError.Refused, code, "Too many handshakes are under way from here."),
        ConnectFailure.InternalFault => new(MeshError.InternalFault, code, "This peer failed on the handshake."),
        _ => throw new UnreachableException(),
    };

    /// <summary>Why the peer ended one direction of a stream.</summary>
    public static MeshException OfStream(ulong code, string message) =>
        new(code == PeerCodes.Busy ? MeshError.Refused : MeshError.StreamReset, code, message);

    private static MeshError ErrorOf(CloseReason reason) => reason.Cause switch
    {
        CloseCause.LocalApplication when reason.Code == PeerCodes.TicketExpired => MeshError.TicketExpired,
        CloseCause.LocalApplication => MeshError.ClosedLocally,
        CloseCause.RemoteApplication when reason.Code == PeerCodes.Busy => MeshError.Refused,
        CloseCause.RemoteApplication when reason.Code == PeerCodes.TicketRejected => MeshError.TicketRejected,
        CloseCause.RemoteApplication when reason.Code == PeerCodes.TicketExpired => MeshError.TicketExpired,
        CloseCause.RemoteApplication => MeshError.ClosedByPeer,
        CloseCause.LocalTransport or CloseCause.RemoteTransport when reason.Code == (ulong)TransportErrorCode.Internal =>
            MeshError.InternalFault,
        CloseCause.LocalTransport or CloseCause.RemoteTransport => MeshError.ProtocolViolation,
        CloseCause.IdleTimeout => MeshError.IdleTimeout,
        _ => throw new UnreachableException(),
    };
}
