using System;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Mesh.Peering;

/// <summary>What every handshake of one peer shares.</summary>
internal sealed class PeerContext
{
    private byte[] _ticket = [];
    private Instant _clockSetAt;
    private UnixTime _clock;

    public PeerContext(MeshPeerOptions options, PeerIdentity identity, IEntropy entropy)
    {
        Options = options;
        Identity = identity;
        Entropy = entropy;
        Tickets = new TicketRules(options);
        Prologue = HandshakePrologue.Create(options.Network);
    }

    public MeshPeerOptions Options { get; }

    public PeerIdentity Identity { get; }

    public IEntropy Entropy { get; }

    public TicketRules Tickets { get; }

    public byte[] Prologue { get; }

    public void UseTicket(ReadOnlySpan<byte> envelope) => _ticket = envelope.ToArray();

    public void SetClock(Instant now, UnixTime clock)
    {
        _clockSetAt = now;
        _clock = clock;
    }

    public UnixTime ClockAt(Instant now) => _clock + (now - _clockSetAt);

    /// <summary>Writes what this peer says of itself in a handshake, and returns its length.</summary>
    public int WritePayload(UnixTime sentAt, PathAddress? observed, TicketVerdict refusal, Span<byte> target)
    {
        HandshakePayload payload = new()
        {
            Ticket = _ticket,
            SentAt = sentAt,
            Parameters = Options.Connection.ToTransportParameters(),
            ObservedAddress = observed,
            Refusal = refusal,
        };
        return payload.Write(target);
    }
}
