using System;
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

/// <summary>How sessions come about: Inits that are answered, and attempts of this peer's own.</summary>
public sealed partial class MeshPeer
{
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

    private static UInt256 DigestOf(InitPacket init)
    {
        Span<byte> hash = stackalloc byte[UInt256.Size];
        _ = SHA256.HashData(init.Message, hash);
        return UInt256.Read(hash);
    }
}
