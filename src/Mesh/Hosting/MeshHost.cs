using System;
using System.Collections.Immutable;
using System.IO;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using Microsoft.Extensions.Logging;
namespace Darkbloom.Mesh.Hosting;
/// <summary>How a peer takes part in the mesh.</summary>
public sealed record MeshHostOptions
{
    public required string Network { get; init; }
    /// <summary>Where the one UDP socket binds; port 0 lets the system choose.</summary>
    public IPEndPoint Bind { get; init; } = new(IPAddress.Loopback, 0);
    /// <summary>Peers known by key alone, without a ticket: the rendezvous.</summary>
    public ImmutableArray<PublicKey> PinnedPeers { get; init; } = [];
    /// <summary>The rendezvous admits peers that have no ticket yet; nobody else does.</summary>
    public bool AcceptUnticketed { get; init; }
}
/// <summary>Drives one mesh peer: the only place where its sockets, its clock and its lock meet.</summary>
public sealed class MeshHost : IAsyncDisposable
{
    public static MeshHost Start(MeshHostOptions options, PeerIdentity identity, ILoggerFactory loggers) => throw new NotImplementedException();
    public PeerId Id => throw new NotImplementedException();
    public PublicKey PublicKey => throw new NotImplementedException();
    public IPEndPoint LocalEndPoint => throw new NotImplementedException();
    /// <summary>The monotonic clock of every state machine in this process.</summary>
    public static Instant Now => throw new NotImplementedException();
    /// <summary>Presents this ticket in later handshakes.</summary>
    public void UseTicket(ReadOnlyMemory<byte> envelope) => throw new NotImplementedException();
    /// <summary>Believes tickets signed by this key.</summary>
    public void TrustTicketKey(PublicKey key) => throw new NotImplementedException();
    /// <exception cref="MeshException">No handshake came about.</exception>
    public ValueTask<MeshConnection> ConnectAsync(PublicKey peer, IPEndPoint address, CancellationToken cancellationToken) => throw new NotImplementedException();
    public ValueTask<MeshConnection> AcceptConnectionAsync(CancellationToken cancellationToken) => throw new NotImplementedException();
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
/// <summary>A session with one peer; shape of System.Net.Quic.QuicConnection.</summary>
public sealed class MeshConnection : IAsyncDisposable
{
    public PeerId RemoteId => throw new NotImplementedException();
    public PublicKey RemoteKey => throw new NotImplementedException();
    /// <summary>Null only for pinned peers and, on the rendezvous, for peers not yet enrolled.</summary>
    public VerifiedTicket? RemoteTicket => throw new NotImplementedException();
    public IPEndPoint RemoteEndPoint => throw new NotImplementedException();
    public TimeSpan SmoothedRtt => throw new NotImplementedException();
    /// <summary>Completes, never fails, when the session is over.</summary>
    public Task<MeshCloseReason> Closed => throw new NotImplementedException();
    /// <exception cref="MeshException">The session is over.</exception>
    public ValueTask<MeshStream> OpenStreamAsync(StreamPriority priority, CancellationToken cancellationToken) => throw new NotImplementedException();
    public ValueTask<MeshStream> AcceptStreamAsync(CancellationToken cancellationToken) => throw new NotImplementedException();
    public ValueTask CloseAsync(ulong errorCode, string reason) => throw new NotImplementedException();
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
/// <summary>Strict priorities of streams on one connection, most urgent first.</summary>
public enum StreamPriority { Control = 0, Tokens = 1, Prompts = 2, Bulk = 3 }
public enum StreamDirection { Read = 1, Write = 2, Both = 3 }
/// <summary>One bidirectional, flow-controlled stream; disposing it aborts whatever has not finished.</summary>
/// <remarks>Reads and writes throw MeshException when the peer resets the stream or the session ends.</remarks>
public abstract class MeshStream : Stream
{
    public abstract long Id { get; }
    public abstract MeshConnection Connection { get; }
    /// <summary>Ends this side's writes; the peer reads 0 bytes after the last one.</summary>
    public abstract void CompleteWrites();
    public abstract void Abort(StreamDirection direction, ulong errorCode);
    public abstract Task ReadsClosed { get; }
    public abstract Task WritesClosed { get; }
}
/// <summary>Why a session ended.</summary>
public readonly record struct MeshCloseReason(MeshError Error, ulong Code, string Text);
/// <summary>Who ended it: one value for each kind of failure that callers tell apart.</summary>
public enum MeshError { None, ClosedByPeer, ClosedLocally, IdleTimeout, HandshakeTimeout, TicketRejected, ProtocolViolation, StreamReset, Refused }
public sealed class MeshException(MeshError error, ulong code, string message) : IOException(message)
{
    public MeshError Error { get; } = error;
    public ulong Code { get; } = code;
}
