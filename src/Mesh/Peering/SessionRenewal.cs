using System;
using System.Security.Cryptography;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Mesh.Peering;

/// <summary>The handshakes that follow the first within one session: fresh ephemeral keys and fresh tickets.</summary>
/// <remarks><code>
/// Settled   -> [due]                              -> Asking      the question goes out; no key phase begins meanwhile
/// Settled   -> [the peer asks]                    -> Switching   answered; the peer begins the phase of the new secrets
/// Settled   -> [the same, its ticket is refused]  -> Settled     answered by the refusal; the old keys go on
/// Asking    -> [the peer answers]                 -> Switching   this side begins the phase
/// Asking    -> [the peer refuses]                 -> Settled     asks again later
/// Asking    -> [the peer asks, its id is smaller] -> Switching   its question goes first, this one is void
/// Asking    -> [the peer asks, its id is larger]  -> Asking      it will answer
/// Switching -> [the phase has begun]              -> Settled
/// </code>
/// An unanswered question holds until the session ends: giving up alone would leave the sides with different keys.
/// </remarks>
internal sealed class SessionRenewal : IDisposable
{
    private readonly Connection _connection;
    private readonly RenewalTimes _times;
    private readonly byte[] _binding;
    private InitiatorHandshake? _question;

    /// <summary>Questions answered so far, by either side.</summary>
    private ulong _rounds;
    private Instant _dueAt;

    private Instant _asksFrom;
    private Instant _askedAt;

    /// <summary>Never later than the peer's <see cref="_asksFrom"/>: the question goes out before it is answered.</summary>
    private Instant _toleratesFrom;

    /// <param name="binding">The hash of the session's first handshake.</param>
    public SessionRenewal(PeerContext context, Instant now, Connection connection, ReadOnlySpan<byte> binding)
    {
        _connection = connection;
        _times = context.Options.Renewal;
        _binding = binding.ToArray();
        _toleratesFrom = now + _times.IntervalMin;
        Begin(context, now);
    }

    /// <summary>When to ask; null while that would be of no use.</summary>
    public Instant? DueAt =>
        _question is null && _connection.IsRenewalOver && _connection.State == ConnectionState.Open ? _dueAt : null;

    /// <summary>The session is open: for who answered, later than for the peer, which counts from its answer.</summary>
    public void Begin(PeerContext context, Instant now)
    {
        _asksFrom = now + _times.IntervalMin;
        _dueAt = now + _times.Interval + Spread(context);
    }

    /// <summary>A ticket that the peer hasn't seen waits to be presented; not at once, since all sessions hear of it at once.</summary>
    public void Hasten(PeerContext context, Instant now)
    {
        Instant soon = now + Spread(context);
        soon = soon < _asksFrom ? _asksFrom : soon;
        _dueAt = soon < _dueAt ? soon : _dueAt;
    }

    public void Ask(PeerContext context, Instant now, PublicKey remote)
    {
        _question = new InitiatorHandshake(context.Prologue, context.Identity, remote, context.Entropy.CreateKeyPair());
        Span<byte> payload = stackalloc byte[WireLimits.HandshakePayloadBytesMax];
        int length = context.WritePayload(context.ClockAt(now), observed: null, TicketVerdict.Valid, payload);
        byte[] message = new byte[InitiatorHandshake.InitLength(length)];
        Span<byte> header = stackalloc byte[HandshakeFrame.HeaderBytes];
        HandshakeFrame.WriteHeader(isAnswer: false, _rounds + 1, _binding, header);
        if (!_question.TryWriteInit(header, payload[..length], message, out _))
        {
            throw new CryptographicException("A key that agreed once agrees always.");
        }
        _askedAt = now;
        _connection.AskForRenewal(new HandshakeMessage(IsAnswer: false, _rounds + 1, message));
    }

    /// <summary>Takes a message of the peer; one that breaks a rule closes the connection.</summary>
    public RenewalOutcome OnMessage(PeerContext context, Instant now, RemotePeer remote, HandshakeMessage message)
    {
        if (message.Round <= _rounds)
        {
            return default; // a copy of one that was taken
        }
        bool isNext = message.Round == _rounds + 1;
        if (message.IsAnswer)
        {
            return isNext && _question is not null
                ? OnAnswer(context, now, remote, message)
                : Violate(now, "an answer to no question");
        }
        if (isNext && _question is not null && context.Identity.Id < remote.Id)
        {
            return default; // both asked at once: this question goes first
        }
        return isNext && now >= _toleratesFrom && (_question is not null || _connection.IsRenewalOver)
            ? OnQuestion(context, now, remote, message)
            : Violate(now, "a handshake too early");
    }

    public void Dispose() => _question?.Dispose();

    private RenewalOutcome OnQuestion(PeerContext context, Instant now, RemotePeer remote, HandshakeMessage message)
    {
        Span<byte> header = stackalloc byte[HandshakeFrame.HeaderBytes];
        HandshakeFrame.WriteHeader(isAnswer: false, message.Round, _binding, header);
        Span<byte> buffer = stackalloc byte[HandshakeFrame.MessageBytesMax];
        using ResponderHandshake handshake = new(context.Prologue, context.Identity, context.Entropy.CreateKeyPair());
        if (!handshake.TryReadInit(header, message.Bytes, buffer, out int length, out PublicKey initiator)
            || initiator != remote.Key
            || !HandshakePayload.TryRead(buffer[..length], out HandshakePayload payload))
        {
            return Violate(now, "a question that doesn't open");
        }
        bool admits = context.Tickets.Admits(
            initiator, payload.Ticket, context.ClockAt(now), out VerifiedTicket? ticket, out TicketVerdict verdict);
        verdict = admits ? TicketVerdict.Valid : verdict;

        length = context.WritePayload(context.ClockAt(now), observed: null, verdict, buffer);
        byte[] answer = new byte[ResponderHandshake.ResponseLength(length)];
        HandshakeFrame.WriteHeader(isAnswer: true, message.Round, _binding, header);
        _ = handshake.WriteResponse(header, buffer[..length], answer);
        _question?.Dispose();
        _question = null;
        SessionKeys? keys = admits ? handshake.Split() : null;
        OnAnswered(context, now, keys);
        _toleratesFrom = now + _times.IntervalMin;
        _connection.AnswerRenewal(new HandshakeMessage(IsAnswer: true, message.Round, answer), keys);
        return new RenewalOutcome(HasFreshKeys: admits, ticket, verdict);
    }

    private RenewalOutcome OnAnswer(PeerContext context, Instant now, RemotePeer remote, HandshakeMessage message)
    {
        Span<byte> header = stackalloc byte[HandshakeFrame.HeaderBytes];
        HandshakeFrame.WriteHeader(isAnswer: true, message.Round, _binding, header);
        Span<byte> buffer = stackalloc byte[HandshakeFrame.MessageBytesMax];
        if (!_question!.TryReadResponse(header, message.Bytes, buffer, out int length)
            || !HandshakePayload.TryRead(buffer[..length], out HandshakePayload payload))
        {
            return Violate(now, "an answer that doesn't open");
        }
        bool isRefused = payload.Refusal != TicketVerdict.Valid;
        SessionKeys? keys = isRefused ? null : _question.Split();
        _question.Dispose();
        _question = null;
        OnAnswered(context, now, keys);
        _toleratesFrom = _askedAt + _times.IntervalMin;
        _connection.CompleteRenewal(keys);
        if (isRefused)
        {
            _dueAt = now + _times.Retry;
            return new RenewalOutcome(HasFreshKeys: false, Ticket: null, payload.Refusal);
        }

        // The peer has the new secrets already: a ticket that isn't believed only leaves the old one's end as it was.
        bool admits = context.Tickets.Admits(
            remote.Key, payload.Ticket, context.ClockAt(now), out VerifiedTicket? ticket, out TicketVerdict verdict);
        return new RenewalOutcome(HasFreshKeys: true, ticket, admits ? TicketVerdict.Valid : verdict);
    }

    private void OnAnswered(PeerContext context, Instant now, SessionKeys? keys)
    {
        _rounds++;
        Begin(context, now);
        keys?.HandshakeHash.CopyTo(_binding);
    }

    private RenewalOutcome Violate(Instant now, string reason)
    {
        _connection.Violate(now, reason);
        return default;
    }

    private TimeSpan Spread(PeerContext context)
    {
        Span<byte> random = stackalloc byte[sizeof(ulong)];
        context.Entropy.Fill(random);
        return TimeSpan.FromTicks((long)(BitConverter.ToUInt64(random) % (ulong)_times.Spread.Ticks));
    }
}

/// <summary>What a message of a new handshake led to.</summary>
/// <param name="HasFreshKeys">The handshake is complete.</param>
/// <param name="Ticket">The peer's ticket, if it was presented and believed.</param>
/// <param name="Verdict">What stands against a ticket, this side's or the peer's.</param>
internal readonly record struct RenewalOutcome(bool HasFreshKeys, VerifiedTicket? Ticket, TicketVerdict Verdict);
