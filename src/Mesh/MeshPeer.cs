using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh;

/// <summary>One peer of the mesh without its sockets, clock and threads: handshakes, and the sessions they lead to.</summary>
/// <remarks>
/// All that goes in or out passes through five methods. Inputs: <see cref="Receive"/> for a datagram that arrived and
/// <see cref="Timeout"/> when <see cref="NextTimeout"/> has come (a spurious call is harmless). Outputs, to be drained
/// after every input and every command, in this order: <see cref="TryTransmit"/> until false, <see cref="TryTakeEvent"/>
/// until false (handling an event may give something to send: start over), then <see cref="NextTimeout"/> to re-arm one
/// timer. Commands are <see cref="Connect"/>, <see cref="Abandon"/> and those of <see cref="MeshSession"/>.
/// <para>
/// Before an address is validated this peer never sends it more bytes than came from it: an Init of 1200 bytes is
/// answered by one smaller packet, a repeated one by the same packet, and a half-open session sends nothing.
/// </para>
/// <para>
/// When two peers begin at once, the handshake of the one with the smaller id goes first: it leaves the other's Init
/// unanswered while its own first Init may still be on its way, and one session settles both attempts. If its Init is
/// lost, the other's goes through. If both go through, both sessions stay: either works.
/// </para>
/// </remarks>
public sealed partial class MeshPeer : IDisposable
{
    /// <summary>Answers to handshakes that wait to be sent; more than this are lost, as on any full link.</summary>
    internal const int AnswersMax = 256;

    private const int PathKeyBytes = 16;

    private readonly PeerContext _context;
    private readonly HandshakeLimits _limits;
    private readonly HandshakeMac _mac;
    private readonly InitGate _gate;

    /// <summary>Each session under each of its ids.</summary>
    private readonly Dictionary<ConnectionId, MeshSession> _sessions = [];
    private readonly Dictionary<ConnectionId, ConnectAttempt> _attempts = [];
    private readonly Dictionary<UInt256, MeshSession> _answered = [];

    /// <summary>The sessions that each peer opened here and confirmed, the newest last.</summary>
    private readonly Dictionary<PublicKey, List<MeshSession>> _byPeer = [];
    private readonly InitMemory _inits = new();
    private readonly Queue<(PathAddress Target, byte[] Datagram)> _answers = new();
    private readonly Queue<MeshSession> _sending = new();
    private readonly Queue<MeshSession> _telling = new();
    private readonly Queue<PeerEvent> _events = new();
    private readonly DeadlineQueue _deadlines = new();
    private PeerCounters _counters;
    private int _sessionCount;
    private int _halfOpen;
    private ulong _lastAttempt;

    /// <param name="clock">The wall clock at <paramref name="now"/>: tickets are dated by it.</param>
    public MeshPeer(Instant now, UnixTime clock, MeshPeerOptions options, PeerIdentity identity, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(entropy);
        _context = new PeerContext(options, identity, entropy);
        _context.SetClock(now, clock);
        _limits = options.Limits;
        _mac = new HandshakeMac(identity.PublicKey);
        _gate = new InitGate(now, _limits, entropy);
    }

    public PeerCounters Counters => _counters;

    /// <summary>Sessions that a packet can reach: open ones, half-open ones, and closed ones until they are drained.</summary>
    public int SessionCount => _sessionCount;

    public int HalfOpenCount => _halfOpen;

    public int AttemptCount => _attempts.Count;

    /// <summary>When to call <see cref="Timeout"/>; null when nothing waits for time to pass.</summary>
    public Instant? NextTimeout => _deadlines.Next;

    /// <summary>Takes one datagram; its bytes may be overwritten.</summary>
    public void Receive(Instant now, PathAddress from, Span<byte> datagram)
    {
        AssertInvariants();
        if (!PacketFlags.TryRead(datagram, out PacketType type))
        {
            _counters.DatagramsMalformed++;
            return;
        }
        switch (type)
        {
            case PacketType.Data:
                OnData(now, from, datagram);
                break;
            case PacketType.Init:
                OnInit(now, from, datagram);
                break;
            case PacketType.Response:
                OnResponse(now, from, datagram);
                break;
            default:
                OnRetry(datagram);
                break;
        }
    }

    /// <summary>Does what is due.</summary>
    public void Timeout(Instant now)
    {
        AssertInvariants();
        while (_deadlines.TryTake(now, out IDeadline? due))
        {
            _atWork = due;
            switch (due)
            {
                case ConnectAttempt attempt:
                    OnTimeout(now, attempt);
                    break;
                case MeshSession { IsHalfOpen: true } session:
                    _counters.HalfOpenExpired++;
                    Forget(session);
                    break;
                case MeshSession session:
                    if (session.HasExpired(now, _context.Options.Limits.ExpiredDrainMax))
                    {
                        session.Connection.Close(now, PeerCodes.TicketExpired, "the ticket has expired");
                    }
                    if (session.Renewal.DueAt <= now)
                    {
                        session.Renewal.Ask(_context, now, session.RemoteKey);
                    }
                    session.Connection.Timeout(now);
                    Touch(session);
                    break;
                default:
                    throw new UnreachableException();
            }
        }
        _atWork = null;
    }

    /// <summary>Writes the next datagram to send, at most <see cref="WireLimits.DatagramBytesMax"/> bytes; to be called until false.</summary>
    public bool TryTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        if (_answers.TryDequeue(out (PathAddress Target, byte[] Datagram) answer))
        {
            answer.Datagram.CopyTo(buffer);
            transmit = new Transmit(answer.Target, answer.Datagram.Length);
            return true;
        }
        while (_sending.TryPeek(out MeshSession? session))
        {
            _atWork = session;
            RenewIds(now, session);
            if (!session.IsGone && !session.IsHalfOpen && session.Connection.TryTransmit(now, buffer, out transmit))
            {
                _atWork = null;
                return true; // its turn lasts until its pace stops it: a burst to one target can leave as one
            }
            _ = _sending.Dequeue();
            session.IsSending = false;
            _deadlines.Update(session);
            ForgetIfDrained(session);
        }
        _atWork = null;
        transmit = default;
        return false;
    }

    /// <summary>Takes the next event; to be called until false.</summary>
    public bool TryTakeEvent(out PeerEvent e)
    {
        if (_events.TryDequeue(out e))
        {
            return true;
        }
        while (_telling.TryPeek(out MeshSession? session))
        {
            if (!session.IsHalfOpen && session.Connection.TryTakeEvent(out ConnectionEvent told))
            {
                e = new PeerEvent(PeerEventKind.Session, session, Event: told);
                return true;
            }
            _ = _telling.Dequeue();
            session.IsTelling = false;
        }
        return false;
    }

    /// <summary>Begins a handshake with whoever holds a key, at an address; an event with this number tells how it ended.</summary>
    /// <exception cref="ArgumentException">The key is this peer's own.</exception>
    public ulong Connect(Instant now, PublicKey remote, PathAddress address)
    {
        AssertInvariants();
        AttemptTarget target = new(++_lastAttempt, NewConnectionId(), remote, address);

        // An Init that is repeated after another with a later time would be refused as a recorded one.
        UnixTime sentAt = FindAttempt(attempt => attempt.Target.Remote == remote)?.SentAt ?? _context.ClockAt(now);
        if (_attempts.Count >= _limits.OutgoingMax || _sessionCount >= _limits.SessionsMax)
        {
            Fail(target.Number, ConnectFailure.TooManyAttempts);
        }
        else if (!ConnectAttempt.TryBegin(_context, now, sentAt, target, out ConnectAttempt? attempt))
        {
            Fail(target.Number, ConnectFailure.InvalidKey);
        }
        else
        {
            _attempts.Add(target.LocalId, attempt);
            Answer(address, attempt.Init);
            _deadlines.Update(attempt);
        }
        return target.Number;
    }

    /// <summary>Gives an attempt up; no event follows. Harmless when it was settled already.</summary>
    public void Abandon(ulong number)
    {
        if (FindAttempt(attempt => attempt.Target.Number == number) is { } attempt)
        {
            Settle(attempt);
        }
    }

    /// <summary>Presents this ticket in later handshakes, and soon in one within each session; none when empty.</summary>
    public void UseTicket(Instant now, ReadOnlySpan<byte> envelope)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(envelope.Length, WireLimits.TicketBytesMax, nameof(envelope));
        _context.UseTicket(envelope);
        if (envelope.IsEmpty)
        {
            return;
        }
        foreach (MeshSession session in Sessions())
        {
            session.Renewal.Hasten(_context, now);
            _deadlines.Update(session);
        }
    }

    /// <summary>Believes tickets signed by this key; false when it is no key, or too many are believed already.</summary>
    public bool TrustTicketKey(PublicKey key) => _context.Tickets.Trust(key);

    /// <summary>Corrects the wall clock, which stands still for no peer that sleeps.</summary>
    public void SetClock(Instant now, UnixTime clock) => _context.SetClock(now, clock);

    public void Dispose()
    {
        foreach (ConnectAttempt attempt in _attempts.Values)
        {
            attempt.Dispose();
        }
        foreach (MeshSession session in Sessions())
        {
            session.Connection.Dispose();
            session.Renewal.Dispose();
        }
        _gate.Dispose();
    }

    /// <summary>Notes that a session may have something to send, to tell, or to wait for.</summary>
    internal void Touch(MeshSession session)
    {
        if (session.IsGone)
        {
            return;
        }
        if (!session.IsSending)
        {
            session.IsSending = true;
            _sending.Enqueue(session);
        }
        if (!session.IsTelling)
        {
            session.IsTelling = true;
            _telling.Enqueue(session);
        }
    }

    private void OnData(Instant now, PathAddress from, Span<byte> datagram)
    {
        if (!DataPacketHeader.TryRead(datagram, out DataPacketHeader header))
        {
            _counters.DatagramsMalformed++;
        }
        else if (!_sessions.TryGetValue(header.Destination, out MeshSession? session))
        {
            _counters.DatagramsUnknown++;
        }
        else
        {
            _atWork = session;
            session.Connection.Receive(now, from, datagram);
            if (session.IsHalfOpen && session.HasReceived)
            {
                Confirm(now, session);
            }
            if (session.Connection.TakeHandshake() is { } message)
            {
                Renew(now, session, message);
            }
            Touch(session);
            _atWork = null;
        }
    }

    private MeshSession Add(
        Instant now, ConnectionId localId, ConnectionRole role, PathAddress path, EstablishedKeys established,
        HalfOpenState? halfOpen)
    {
        Span<byte> pathKey = stackalloc byte[PathKeyBytes];
        _context.Entropy.Fill(pathKey);
        Connection connection = new(
            _context.Options.Connection, role, established.Keys, localId, established.RemoteId, path,
            established.Parameters, pathKey, now);
        SessionRenewal renewal = new(_context, now, connection, established.Keys.HandshakeHash);
        MeshSession session = new(this, connection, renewal, localId, established.Remote, halfOpen)
        {
            TicketEndsAt = EndOf(now, established.Remote),
        };
        established.Keys.Dispose();
        _sessions.Add(localId, session);
        _sessionCount++;
        return session;
    }

    private void ForgetIfDrained(MeshSession session)
    {
        if (!session.IsGone && session.Connection.State == ConnectionState.Drained)
        {
            Forget(session);
        }
    }

    private void Forget(MeshSession session)
    {
        session.IsGone = true;
        _sessionCount--;
        foreach (ConnectionId id in session.Connection.LocalIds.All())
        {
            _ = _sessions.Remove(id);
        }
        if (session.InitDigest is { } digest)
        {
            _ = _answered.Remove(digest);
        }
        if (session.IsHalfOpen)
        {
            _halfOpen--;
        }
        ForgetOfPeer(session);
        session.Connection.Dispose();
        session.Renewal.Dispose();
    }

    private ConnectionId NewConnectionId()
    {
        Span<byte> bytes = stackalloc byte[ConnectionId.Size];
        ConnectionId id;
        do
        {
            _context.Entropy.Fill(bytes);
            id = new ConnectionId(BinaryPrimitives.ReadUInt64BigEndian(bytes));
        }
        while (_sessions.ContainsKey(id) || _attempts.ContainsKey(id));
        return id;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_halfOpen >= 0 && _halfOpen <= _limits.HalfOpenMax, "Half-open sessions are counted and limited.");
        Debug.Assert(_sessionCount <= _sessions.Count, "A session has an id at least.");
        Debug.Assert(_answered.Count <= _sessionCount, "What was answered is a session.");
        Debug.Assert(_byPeer.Count <= _sessionCount, "Only peers with sessions are remembered.");
        Debug.Assert(_sessionCount <= _limits.SessionsMax + _limits.OutgoingMax, "Sessions are limited.");
        Debug.Assert(_answers.Count <= AnswersMax, "Answers are limited.");
    }
}
