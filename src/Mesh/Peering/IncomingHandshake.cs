using System;
using System.Diagnostics.CodeAnalysis;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Mesh.Peering;

/// <summary>A genuine Init, between being read and being answered; it lives within one call of the peer.</summary>
internal sealed class IncomingHandshake : IDisposable
{
    private readonly ResponderHandshake _handshake;
    private readonly ConnectionId _remoteId;
    private readonly TransportParameters _parameters;
    private readonly RemotePeer _remote;

    private IncomingHandshake(
        ResponderHandshake handshake, ConnectionId remoteId, TransportParameters parameters, RemotePeer remote)
    {
        _handshake = handshake;
        _remoteId = remoteId;
        _parameters = parameters;
        _remote = remote;
    }

    public PublicKey Initiator => _remote.Key;

    public PeerId InitiatorId => _remote.Id;

    /// <summary>The initiator's clock when it made the Init.</summary>
    public UnixTime SentAt { get; private init; }

    /// <summary>What stands against a session with the initiator; Valid when nothing does.</summary>
    public TicketVerdict Refusal { get; private init; }

    /// <summary>False when the message was not made for this peer and network.</summary>
    public static bool TryRead(
        PeerContext context, Instant now, InitPacket init, [NotNullWhen(true)] out IncomingHandshake? incoming)
    {
        incoming = null;
        Span<byte> header = stackalloc byte[InitPacket.HeaderBytes];
        InitPacket.WriteHeader(init.Source, header);
        Span<byte> buffer = stackalloc byte[WireLimits.DatagramBytesOfEthernet];
        ResponderHandshake handshake = new(context.Prologue, context.Identity, context.Entropy.CreateKeyPair());
        if (!handshake.TryReadInit(header, init.Message, buffer, out int length, out PublicKey initiator)
            || !HandshakePayload.TryRead(buffer[..length], out HandshakePayload payload))
        {
            handshake.Dispose();
            return false;
        }
        bool admitted = context.Tickets.Admits(
            initiator, payload.Ticket, context.ClockAt(now), out VerifiedTicket? ticket, out TicketVerdict verdict);
        incoming = new IncomingHandshake(
            handshake, init.Source, payload.Parameters, new RemotePeer(initiator, ticket))
        {
            SentAt = payload.SentAt,
            Refusal = admitted ? TicketVerdict.Valid : verdict,
        };
        return true;
    }

    /// <summary>The datagram that answers the Init, refusal included; smaller than any Init.</summary>
    public byte[] Answer(PeerContext context, Instant now, ConnectionId localId, PathAddress from)
    {
        Span<byte> payload = stackalloc byte[WireLimits.HandshakePayloadBytesMax];
        int payloadLength = context.WritePayload(context.ClockAt(now), from, Refusal, payload);
        byte[] message = new byte[ResponderHandshake.ResponseLength(payloadLength)];
        Span<byte> header = stackalloc byte[ResponsePacket.HeaderBytes];
        ResponsePacket.WriteHeader(_remoteId, localId, header);
        _ = _handshake.WriteResponse(header, payload[..payloadLength], message);
        ResponsePacket packet = new(_remoteId, localId, message);
        byte[] datagram = new byte[packet.Length];
        WireWriter writer = new(datagram);
        packet.Write(ref writer);
        return datagram;
    }

    /// <summary>What the session is made of, once the Init is answered.</summary>
    public EstablishedKeys Establish() => new(_handshake.Split(), _remoteId, _parameters, _remote);

    public void Dispose() => _handshake.Dispose();
}
