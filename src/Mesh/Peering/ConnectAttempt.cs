using System;
using System.Diagnostics.CodeAnalysis;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Mesh.Peering;

/// <summary>A handshake that this peer began and that nobody has answered yet.</summary>
/// <remarks><code>
/// Asking -> [retry with a cookie]        -> Asking     at once again, with the cookie
/// Asking -> [retransmission is due]      -> Asking     the waits double
/// Asking -> [genuine response]           -> settled    the peer takes the keys and forgets the attempt
/// Asking -> [session the peer opened]    -> settled    both began at once, and the other's handshake went first
/// Asking -> [time is up, or abandoned]   -> settled
/// </code></remarks>
internal sealed class ConnectAttempt : IDeadline, IDisposable
{
    private readonly InitiatorHandshake _handshake;
    private readonly HandshakeMac _mac;
    private readonly byte[] _message;
    private readonly Instant _expires;
    private TimeSpan _wait;

    /// <summary>Set by a Retry, cleared when the timer sends the next Init.</summary>
    private bool _hasCookie;
    private Instant _repeats;

    private ConnectAttempt(
        Instant now, AttemptTarget target, InitiatorHandshake handshake, byte[] message, HandshakeLimits limits)
    {
        Target = target;
        _handshake = handshake;
        _message = message;
        _mac = new HandshakeMac(target.Remote);
        Init = Assemble(RetryCookie.None);
        _expires = now + limits.ConnectTimeout;
        _wait = limits.FirstRetransmission;
        _repeats = now + _wait;
    }

    public AttemptTarget Target { get; }

    /// <summary>The time in its Init.</summary>
    public required UnixTime SentAt { get; init; }

    /// <summary>The datagram to send; replaced, never written to, once a cookie arrives.</summary>
    public byte[] Init { get; private set; }

    /// <summary>The first Init may still be on its way.</summary>
    public bool IsFresh { get; private set; } = true;

    /// <summary>Set when an Init of the same peer came meanwhile and was left unanswered: both sides began at once.</summary>
    public bool MetPeersInit { get; set; }

    public bool IsSettled { get; private set; }

    public Instant? Deadline => IsSettled ? null : _repeats < _expires ? _repeats : _expires;

    public Instant? QueuedFor { get; set; }

    /// <summary>False when the key asked for is no point of the curve.</summary>
    public static bool TryBegin(
        PeerContext context,
        Instant now,
        UnixTime sentAt,
        AttemptTarget target,
        [NotNullWhen(true)] out ConnectAttempt? attempt)
    {
        attempt = null;
        InitiatorHandshake handshake =
            new(context.Prologue, context.Identity, target.Remote, context.Entropy.CreateKeyPair());
        Span<byte> payload = stackalloc byte[WireLimits.HandshakePayloadBytesMax];
        int payloadLength = context.WritePayload(sentAt, observed: null, TicketVerdict.Valid, payload);
        byte[] message = new byte[InitiatorHandshake.InitLength(payloadLength)];
        Span<byte> header = stackalloc byte[InitPacket.HeaderBytes];
        InitPacket.WriteHeader(target.LocalId, header);
        if (!handshake.TryWriteInit(header, payload[..payloadLength], message, out _))
        {
            handshake.Dispose();
            return false;
        }
        attempt = new ConnectAttempt(now, target, handshake, message, context.Options.Limits) { SentAt = sentAt };
        return true;
    }

    /// <summary>Null when the message is no answer to this attempt: whoever sent it doesn't hold the key.</summary>
    public ConnectResult? TryComplete(PeerContext context, Instant now, ResponsePacket response)
    {
        Span<byte> buffer = stackalloc byte[WireLimits.DatagramBytesOfEthernet];
        Span<byte> header = stackalloc byte[ResponsePacket.HeaderBytes];
        ResponsePacket.WriteHeader(response.Destination, response.Source, header);
        if (!_handshake.TryReadResponse(header, response.Message, buffer, out int length))
        {
            return null;
        }
        if (!HandshakePayload.TryRead(buffer[..length], out HandshakePayload payload))
        {
            return new ConnectResult(ConnectFailure.ProtocolViolation);
        }
        if (payload.Refusal != TicketVerdict.Valid)
        {
            return new ConnectResult(ConnectFailure.OwnTicketRejected, payload.Refusal);
        }
        bool admitted = context.Tickets.Admits(
            Target.Remote, payload.Ticket, context.ClockAt(now), out VerifiedTicket? ticket, out TicketVerdict verdict);
        EstablishedKeys keys = new(
            _handshake.Split(), response.Source, payload.Parameters, new RemotePeer(Target.Remote, ticket));
        return admitted
            ? new ConnectResult(ConnectFailure.None, TicketVerdict.Valid, keys)
            : new ConnectResult(ConnectFailure.PeerTicketRejected, verdict, keys);
    }

    public bool IsExpired(Instant now) => now >= _expires;

    /// <summary>Plans the next repetition, after twice the time.</summary>
    public void OnRepeated(Instant now)
    {
        IsFresh = false;
        _hasCookie = false;
        _wait *= 2;
        _repeats = now + _wait;
    }

    /// <summary>False when the datagram is no answer to this attempt's Init, or the Init sent last had one already.</summary>
    /// <remarks>Whoever saw an Init can answer it: one cookie for each that the timer sends keeps a forger from a chain of Inits.</remarks>
    public bool TryTakeCookie(ReadOnlySpan<byte> datagram)
    {
        if (_hasCookie || !RetryPacket.TryRead(datagram, _mac, InitPacket.Mac(Init), out RetryPacket retry))
        {
            return false;
        }
        Init = Assemble(retry.Cookie);
        _hasCookie = true;
        return true;
    }

    public void Dispose()
    {
        IsSettled = true;
        _handshake.Dispose();
    }

    private byte[] Assemble(ReadOnlySpan<byte> cookie)
    {
        InitPacket packet = new(Target.LocalId, cookie, _message);
        byte[] datagram = new byte[packet.Length];
        _ = packet.Write(datagram, _mac);
        return datagram;
    }
}
