using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.Security.Cryptography;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;

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

    /// <summary>Answers an Init, by steps of which each costs more than the one before.</summary>
    private void OnInit(Instant now, PathAddress from, ReadOnlySpan<byte> datagram)
    {
        // Step 1: whoever doesn't know this peer's key gets nothing, for the price of a hash.
        if (!InitPacket.TryRead(datagram, _mac, out InitPacket init))
        {
            _counters.InitsWithoutMac++;
            return;
        }

        // Step 2: an Init that was answered before gets the same answer; a session that is open answers by itself.
        UInt256 digest = DigestOf(init);
        if (_answered.TryGetValue(digest, out MeshSession? known))
        {
            _counters.InitsRepeated++;
            if (known.HalfOpen is { } halfOpen && from == known.Path)
            {
                Answer(from, halfOpen.Response);
            }
            return;
        }

        // Step 3: nobody makes this peer compute or remember more than its limits allow.
        if (!Admits(now, from, init, InitPacket.Mac(datagram)))
        {
            return;
        }

        // Step 4: who is it? From here on the sender has cost a fraction of a millisecond.
        if (!IncomingHandshake.TryRead(_context, now, init, out IncomingHandshake? incoming))
        {
            _counters.InitsForged++;
            return;
        }
        using (incoming)
        {
            // Step 5: one that was recorded and sent again later may cost no more than this.
            if (incoming.Refusal == TicketVerdict.Valid
                && !_inits.TryNote(incoming.Initiator, incoming.SentAt, _context.ClockAt(now)))
            {
                _counters.InitsReplayed++;
            }
            else if (!YieldsToOwn(incoming))
            {
                Answer(now, from, digest, incoming);
            }
        }
    }

    private bool Admits(Instant now, PathAddress from, InitPacket init, ReadOnlySpan<byte> initMac)
    {
        switch (_gate.Judge(now, from, init))
        {
            case InitVerdict.Retry:
                Span<byte> cookie = stackalloc byte[RetryCookie.Size];
                _gate.IssueCookie(from, init, cookie);
                byte[] retry = new byte[RetryPacket.Length];
                new RetryPacket(init.Source, cookie).Write(retry, _mac, initMac);
                Answer(from, retry);
                _counters.RetriesSent++;
                return false;
            case InitVerdict.RateLimited:
                _counters.InitsRateLimited++;
                return false;
            case InitVerdict.Admit when _sessionCount >= _limits.SessionsMax:
                _counters.InitsOverSessionsMax++;
                return false;
            default:
                _counters.InitsOverHalfOpenMax += _halfOpen < _limits.HalfOpenMax ? 0 : 1;
                return _halfOpen < _limits.HalfOpenMax;
        }
    }

    /// <summary>Whether this peer's own handshake with the initiator goes first.</summary>
    private bool YieldsToOwn(IncomingHandshake incoming)
    {
        ConnectAttempt? own = FindAttempt(attempt => attempt.Target.Remote == incoming.Initiator);
        if (own is not { IsFresh: true } || _context.Identity.Id > incoming.InitiatorId)
        {
            return false;
        }
        own.MetPeersInit = true;
        _counters.InitsYieldedToOwn++;
        return true;
    }

    private void Answer(Instant now, PathAddress from, UInt256 digest, IncomingHandshake incoming)
    {
        ConnectionId localId = NewConnectionId();
        byte[] response = incoming.Answer(_context, now, localId, from);
        Debug.Assert(response.Length <= WireLimits.InitBytesMin, "An answer is never larger than the Init.");
        Answer(from, response);
        _counters.InitsAnswered++;
        if (incoming.Refusal != TicketVerdict.Valid)
        {
            _counters.TicketsRejected++;
            return;
        }
        HalfOpenState halfOpen = new(response, digest, now + _limits.HalfOpenTimeout);
        MeshSession session = Add(now, localId, ConnectionRole.Responder, from, incoming.Establish(), halfOpen);
        _answered.Add(digest, session);
        _halfOpen++;
        _deadlines.Update(session);
    }

    private void OnResponse(Instant now, PathAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!ResponsePacket.TryRead(datagram, out ResponsePacket response))
        {
            _counters.DatagramsMalformed++;
        }
        else if (!_attempts.TryGetValue(response.Destination, out ConnectAttempt? attempt))
        {
            _counters.DatagramsUnknown++;
        }
        else
        {
            _atWork = attempt;
            OnResponse(now, from, attempt, response);
            _atWork = null;
        }
    }

    private void OnResponse(Instant now, PathAddress from, ConnectAttempt attempt, ResponsePacket response)
    {
        // A copy from elsewhere must not decide where the session's packets go (RFC 9000, section 9).
        if (from == attempt.Target.Address && attempt.TryComplete(_context, now, response) is { } result)
        {
            OnAnswered(now, attempt, result);
        }
        else
        {
            _counters.DatagramsUnknown++;
        }
    }

    private void OnAnswered(Instant now, ConnectAttempt attempt, ConnectResult result)
    {
        Settle(attempt);
        MeshSession? session = result.Keys is { } keys
            ? Add(now, attempt.Target.LocalId, ConnectionRole.Initiator, attempt.Target.Address, keys, halfOpen: null)
            : null;
        if (result.Failure != ConnectFailure.None)
        {
            _counters.TicketsRejected += result.Verdict == TicketVerdict.Valid ? 0 : 1;
            session?.Close(now, PeerCodes.TicketRejected, "");
            Fail(attempt.Target.Number, result.Failure, (ulong)result.Verdict);
            return;
        }
        _counters.HandshakesInitiated++;
        Touch(session!); // its first packet makes the responder believe in the session
        _events.Enqueue(new PeerEvent(PeerEventKind.Connected, session, attempt.Target.Number));
        if (attempt.MetPeersInit)
        {
            _events.Enqueue(new PeerEvent(PeerEventKind.Accepted, session));
        }
        SettleBefore(attempt.Target.Number, session!);
    }

    private void OnRetry(ReadOnlySpan<byte> datagram)
    {
        if (!RetryPacket.TryReadDestination(datagram, out ConnectionId id))
        {
            _counters.DatagramsMalformed++;
        }
        else if (!_attempts.TryGetValue(id, out ConnectAttempt? attempt) || !attempt.TryTakeCookie(datagram))
        {
            _counters.DatagramsUnknown++;
        }
        else
        {
            Answer(attempt.Target.Address, attempt.Init);
        }
    }

    private void OnTimeout(Instant now, ConnectAttempt attempt)
    {
        if (attempt.IsExpired(now))
        {
            Settle(attempt);
            Fail(attempt.Target.Number, ConnectFailure.Timeout);
            return;
        }
        attempt.OnRepeated(now);
        Answer(attempt.Target.Address, attempt.Init);
        _deadlines.Update(attempt);
    }

    /// <summary>The initiator has proven that it holds its key and receives at its address.</summary>
    private void Confirm(Instant now, MeshSession session)
    {
        session.Confirm();
        _halfOpen--;
        if (session.Connection.State != ConnectionState.Open)
        {
            Forget(session); // it opened the session only to say no
            return;
        }
        _counters.HandshakesAccepted++;
        session.Renewal.Begin(_context, now);
        Settle(now, session);
        _events.Enqueue(new PeerEvent(PeerEventKind.Accepted, session));
        SettleBefore(_lastAttempt + 1, session);
    }

    /// <summary>One session settles this peer's other attempts too: the other side drops an Init that a later one overtook.</summary>
    private void SettleBefore(ulong number, MeshSession session)
    {
        while (FindAttempt(attempt => attempt.Target.Remote == session.RemoteKey && attempt.Target.Number < number) is { } attempt)
        {
            Settle(attempt);
            _events.Enqueue(new PeerEvent(PeerEventKind.Connected, session, attempt.Target.Number));
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

    private void Settle(ConnectAttempt attempt)
    {
        _ = _attempts.Remove(attempt.Target.LocalId);
        attempt.Dispose();
    }

    private void Fail(ulong attempt, ConnectFailure failure, ulong code = 0)
    {
        _counters.HandshakesFailed++;
        _events.Enqueue(new PeerEvent(PeerEventKind.ConnectFailed, null, attempt, failure, code));
    }

    private void Answer(PathAddress target, byte[] datagram)
    {
        if (_answers.Count < AnswersMax)
        {
            _answers.Enqueue((target, datagram));
        }
    }

    /// <summary>The oldest attempt that fits; the order of a dictionary would differ from run to run.</summary>
    private ConnectAttempt? FindAttempt(Predicate<ConnectAttempt> fits)
    {
        ConnectAttempt? oldest = null;
        foreach (ConnectAttempt attempt in _attempts.Values)
        {
            if (fits(attempt) && (oldest is null || attempt.Target.Number < oldest.Target.Number))
            {
                oldest = attempt;
            }
        }
        return oldest;
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

    private static UInt256 DigestOf(InitPacket init)
    {
        Span<byte> hash = stackalloc byte[UInt256.Size];
        _ = SHA256.HashData(init.Message, hash);
        return UInt256.Read(hash);
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
