using System;
using System.Collections.Generic;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Simulations;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>Mangles genuine packets, handshake messages, payloads and tickets, and gives them to what reads them.</summary>
internal static class ParserFuzz
{
    /// <summary>A handshake message that passes the first checks costs two agreements: one input in so many is read that far.</summary>
    private const int HandshakeEvery = 500;

    /// <summary>Reads so many inputs; returns how many of them some parser accepted.</summary>
    public static int Run(ulong seed, int inputs)
    {
        Prng prng = new(seed);
        SeededEntropy entropy = new(new Prng(seed));
        using PeerIdentity responder = entropy.CreateIdentity();
        using PeerIdentity initiator = entropy.CreateIdentity();
        using SimTickets tickets = new(new Prng(seed), "fuzz");
        HandshakeMac mac = new(responder.PublicKey);
        TicketVerifier verifier = new("fuzz");
        _ = verifier.Trust(tickets.PublicKey);
        byte[] prologue = HandshakePrologue.Create("fuzz");
        List<byte[]> genuine = Genuine(entropy, tickets, prologue, mac, initiator, responder.PublicKey);
        byte[] buffer = new byte[2 * WireLimits.DatagramBytesMax];
        byte[] target = new byte[WireLimits.DatagramBytesMax];
        int accepted = 0;
        for (int i = 0; i < inputs; i++)
        {
            Span<byte> input = Mangle(prng, genuine, buffer);
            bool isAny = PacketFlags.TryRead(input, out _) | DataPacketHeader.TryRead(input, out _)
                | ResponsePacket.TryRead(input, out _) | RetryPacket.TryRead(input, mac, target.AsSpan(0, HandshakeMac.Size), out _)
                | HandshakePayload.TryRead(input, out _)
                | verifier.Verify(input, initiator.PublicKey, SimClock.At(new Instant(0)), out _) == TicketVerdict.Valid;
            if (input.Length > WireLimits.InitBytesMin && prng.Chance(1, 8))
            {
                mac.Write(input[..^HandshakeMac.Size], input[^HandshakeMac.Size..]); // past the first check
            }
            if (InitPacket.TryRead(input, mac, out InitPacket init))
            {
                isAny = true;
            }
            if (i % HandshakeEvery == 0)
            {
                ReadOnlySpan<byte> message = init.Message.IsEmpty ? input : init.Message;
                using ResponderHandshake handshake = new(prologue, responder, entropy.CreateKeyPair());
                isAny |= handshake.TryReadInit(input[..Math.Min(10, input.Length)], message, target, out _, out _);
            }
            accepted += isAny ? 1 : 0;
        }
        return accepted;
    }

    private static List<byte[]> Genuine(
        SeededEntropy entropy, SimTickets tickets, byte[] prologue, HandshakeMac mac, PeerIdentity initiator, PublicKey responder)
    {
        byte[] ticket = tickets.Issue(initiator.PublicKey, SimClock.At(new Instant(0)));
        byte[] payload = new byte[WireLimits.HandshakePayloadBytesMax];
        HandshakePayload said = new()
        {
            Ticket = ticket,
            SentAt = SimClock.At(new Instant(0)),
            Parameters = new TransportParameters(),
            ObservedAddress = new PathAddress(1, 2),
            Refusal = TicketVerdict.Expired,
        };
        int length = said.Write(payload);
        payload = payload[..length];
        byte[] header = new byte[InitPacket.HeaderBytes];
        InitPacket.WriteHeader(new ConnectionId(1), header);
        byte[] message = new byte[InitiatorHandshake.InitLength(length)];
        using InitiatorHandshake handshake = new(prologue, initiator, responder, entropy.CreateKeyPair());
        _ = handshake.TryWriteInit(header, payload, message, out _);
        InitPacket packet = new(new ConnectionId(1), RetryCookie.None, message);
        byte[] init = new byte[packet.Length];
        _ = packet.Write(init, mac);
        byte[] retry = new byte[RetryPacket.Length];
        new RetryPacket(new ConnectionId(1), RetryCookie.None).Write(retry, mac, InitPacket.Mac(init));
        byte[] response = new byte[400];
        ResponsePacket.WriteHeader(new ConnectionId(1), new ConnectionId(2), response);
        byte[] data = new byte[64];
        data[0] = 0x40;
        return [init, message, payload, ticket, retry, response, data];
    }

    private static Span<byte> Mangle(Prng prng, List<byte[]> genuine, byte[] buffer)
    {
        byte[] source = genuine[prng.Next(genuine.Count)];
        int length = source.Length;
        source.CopyTo(buffer, 0);
        switch (prng.Next(5))
        {
            case 0:
                length = prng.Next(length + 1);
                break;
            case 1:
                byte[] other = genuine[prng.Next(genuine.Count)];
                int cut = prng.Next(Math.Min(length, other.Length));
                other.AsSpan(cut).CopyTo(buffer.AsSpan(cut));
                length = other.Length;
                break;
            case 2:
                buffer[prng.Next(Math.Min(16, length))] = (byte)prng.Next(256);
                break;
            default:
                for (int i = 1 + prng.Next(4); i > 0; i--)
                {
                    buffer[prng.Next(length)] ^= (byte)(1 << prng.Next(8));
                }
                break;
        }
        return buffer.AsSpan(0, length);
    }
}
