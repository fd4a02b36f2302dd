using System;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Mesh.Peering;

/// <summary>A session with another peer, as the core sees it: a connection, and who is at its other end.</summary>
/// <remarks>
/// Commands go through here and not to the connection, so that the peer learns that there is something to send.
/// <code>
/// HalfOpen -> [first genuine packet of the initiator] -> Open     a replayed Init never gets here
/// HalfOpen -> [time is up, or the initiator closes]   -> Gone     the application never heard of it
/// Open     -> [renewed]                               -> Open      fresh keys, and the other side's next ticket
/// Open     -> [the other side's ticket expires]       -> Open      the connection closes: no renewal brought another
/// Open     -> [connection closed, and drained]        -> Gone
/// </code>A session that this peer began starts as Open: the response has proven the other side.</remarks>
public sealed class MeshSession : IDeadline
{
    private static readonly TimeSpan ExpiryCheckInterval = TimeSpan.FromSeconds(1);

    private readonly MeshPeer _owner;
    private readonly Instant _confirmBy;
    private Instant? _expiryDue;

    internal MeshSession(
        MeshPeer owner, Connection connection, SessionRenewal renewal, ConnectionId localId, RemotePeer remote,
        HalfOpenState? halfOpen)
    {
        _owner = owner;
        Connection = connection;
        Renewal = renewal;
        LocalId = localId;
        Remote = remote;
        HalfOpen = halfOpen;
        InitDigest = halfOpen?.InitDigest;
        _confirmBy = halfOpen?.ConfirmBy ?? default;
    }

    public PublicKey RemoteKey => Remote.Key;

    public PeerId RemoteId => Remote.Id;

    public VerifiedTicket? RemoteTicket => Remote.Ticket;

    /// <summary>Where the peer is reached now.</summary>
    public PathAddress Path => Connection.Path;

    public TimeSpan SmoothedRtt => Connection.Statistics.SmoothedRtt;

    internal ConnectionId LocalId { get; }

    internal Connection Connection { get; }

    /// <summary>Replaced when a renewal brings another ticket.</summary>
    internal RemotePeer Remote { get; private set; }

    internal SessionRenewal Renewal { get; }

    /// <summary>Which Init it was that opened the session; null when this peer did.</summary>
    internal UInt256? InitDigest { get; }

    /// <summary>Null once the session is open.</summary>
    internal HalfOpenState? HalfOpen { get; private set; }

    internal bool IsHalfOpen => HalfOpen is not null;

    /// <summary>Set by the peer when it adds the session, and by a renewal: when the other side's ticket ends, with the skew that clocks may have.</summary>
    internal Instant? TicketEndsAt
    {
        get;
        set => field = _expiryDue = value;
    }

    /// <summary>A packet came that only the initiator can have made.</summary>
    internal bool HasReceived => Connection.Statistics.PacketsReceived > 0;

    /// <summary>Set by the peer when it forgets the session; nothing happens on it from then on.</summary>
    internal bool IsGone { get; set; }

    /// <summary>Set by the peer when its own code failed on the session, which it closes then.</summary>
    internal bool HasFailed { get; set; }

    /// <summary>Set by the peer while the session stands in its queue of those that may have something to send.</summary>
    internal bool IsSending { get; set; }

    /// <summary>Set by the peer while the session stands in its queue of those that may have something to tell.</summary>
    internal bool IsTelling { get; set; }

    Instant? IDeadline.Deadline => IsGone ? null : IsHalfOpen ? _confirmBy
        : Connection.State == ConnectionState.Open ? Instant.Earlier(Instant.Earlier(Connection.NextTimeout, _expiryDue), Renewal.DueAt)
        : Connection.NextTimeout;

    Instant? IDeadline.QueuedFor { get; set; }

    /// <summary>Whether the ticket's end ends the session now: requests in flight get their time first.</summary>
    internal bool HasExpired(Instant now, TimeSpan drainMax)
    {
        if (TicketEndsAt is not { } end || now < _expiryDue)
        {
            return false;
        }

        _expiryDue = now + ExpiryCheckInterval;
        return !Connection.HasWork || now >= end + drainMax;
    }

    /// <summary>Null when the peer admits no more streams for now; <see cref="ConnectionEventKind.StreamsAvailable"/> follows.</summary>
    public StreamId? OpenStream(StreamPriority priority)
    {
        StreamId? id = Connection.OpenStream(priority);
        _owner.Touch(this);
        return id;
    }

    /// <summary>The same for a stream on which only this side sends.</summary>
    public StreamId? OpenUnidirectionalStream(StreamPriority priority)
    {
        StreamId? id = Connection.OpenUnidirectionalStream(priority);
        _owner.Touch(this);
        return id;
    }

    /// <summary>Takes as much as flow control and the send buffer allow, perhaps nothing.</summary>
    public int Write(StreamId id, ReadOnlySpan<byte> source)
    {
        int written = Connection.Write(id, source);
        _owner.Touch(this);
        return written;
    }

    public void CompleteWrites(StreamId id)
    {
        Connection.CompleteWrites(id);
        _owner.Touch(this);
    }

    /// <summary>Gives what has arrived in order, perhaps nothing.</summary>
    public int Read(StreamId id, Span<byte> target, out bool finished)
    {
        int read = Connection.Read(id, target, out finished);
        _owner.Touch(this);
        return read;
    }

    public void Reset(StreamId id, ulong code)
    {
        Connection.Reset(id, code);
        _owner.Touch(this);
    }

    public void StopSending(StreamId id, ulong code)
    {
        Connection.StopSending(id, code);
        _owner.Touch(this);
    }

    /// <summary>The largest datagram that can be sent now; 0 when the peer takes none.</summary>
    public int DatagramBytesMax => Connection.DatagramBytesMax;

    /// <summary>False when it is larger than can be sent now, or the session is over.</summary>
    public bool TrySendDatagram(ReadOnlySpan<byte> datagram)
    {
        bool isQueued = Connection.TrySendDatagram(datagram);
        _owner.Touch(this);
        return isQueued;
    }

    /// <summary>False when none waits; <see cref="ConnectionEventKind.DatagramReceived"/> follows.</summary>
    public bool TryReceiveDatagram(Span<byte> target, out int length) => Connection.TryReceiveDatagram(target, out length);

    public void Close(Instant now, ulong code, string reason)
    {
        Connection.Close(now, code, reason);
        _owner.Touch(this);
    }

    public override string ToString() => $"{LocalId} with {RemoteId}";

    internal void Confirm() => HalfOpen = null;

    internal void Adopt(VerifiedTicket ticket) => Remote = Remote with { Ticket = ticket };
}
