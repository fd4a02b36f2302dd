using System;
using System.Linq;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Packets;
using Darkbloom.Simulations.Actors;
using Darkbloom.Simulations.Network;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

public sealed class HandshakeTests
{
    private static readonly LinkModel _perfect = new() { Latency = TimeSpan.FromMilliseconds(10) };

    [Fact]
    public void Two_members_hold_one_session_after_one_and_a_half_round_trips()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();

        _ = client.Connect(server);
        world.Run(TimeSpan.FromMilliseconds(30));

        Assert.Equal(server.Identity.Id, world.Connected(client).RemoteId);
        Assert.Equal(client.Identity.Id, world.Accepted(server).RemoteId);
        Assert.Equal(1, client.Core.SessionCount);
        Assert.Equal(1, server.Core.SessionCount);
        Assert.Equal(0, client.Core.AttemptCount);
        Assert.Equal(0, server.Core.HalfOpenCount);
    }

    [Fact]
    public void An_attempt_is_repeated_after_one_two_and_four_seconds_and_fails_after_ten()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        server.Kill();
        double[] sentAt = [];
        world.Wire.Tap = (_, _, _) =>
        {
            sentAt = [.. sentAt, world.World.Now.Nanoseconds / 1e9];
            return true;
        };

        _ = client.Connect(server);
        world.Run(9.9);
        Assert.Empty(world.Told(client));
        world.Run(0.2);

        Assert.Equal([1.0, 2.0, 4.0, 8.0], sentAt);
        Assert.Equal(ConnectFailure.Timeout, world.Failure(client));
        Assert.Null(client.Core.NextTimeout);
    }

    [Theory]
    [InlineData(PacketType.Init)]
    [InlineData(PacketType.Response)]
    public void A_lost_handshake_packet_is_made_good(PacketType lost)
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        bool hasLost = false;
        world.Wire.Tap = (_, _, datagram) =>
        {
            bool lose = !hasLost && TypeOf(datagram) == lost;
            hasLost |= lose;
            return !lose;
        };

        _ = client.Connect(server);
        world.Run(1.1);

        Assert.True(hasLost);
        Assert.Equal(world.Connected(client).RemoteId, server.Identity.Id);
        Assert.Equal(world.Accepted(server).RemoteId, client.Identity.Id);
    }

    [Fact]
    public void A_response_with_a_flipped_bit_in_its_header_leaves_the_attempt_to_the_genuine_one()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        int forged = 0;
        world.Wire.Tap = (from, _, datagram) =>
        {
            for (int bit = 0; TypeOf(datagram) == PacketType.Response && bit < 8 * ResponsePacket.HeaderBytes; bit++)
            {
                byte[] mangled = datagram.ToArray();
                mangled[bit / 8] ^= (byte)(1 << (bit % 8));
                client.Core.Receive(world.World.Now, from, mangled);
                forged++;
                Assert.Equal(1, client.Core.AttemptCount);
                Assert.Equal(0, client.Core.SessionCount);
            }
            return true;
        };

        _ = client.Connect(server);
        world.Run(0.1);

        Assert.Equal(8 * ResponsePacket.HeaderBytes, forged);
        Assert.Equal(server.Identity.Id, world.Connected(client).RemoteId);
        Assert.Equal(client.Identity.Id, world.Accepted(server).RemoteId);
        PeerCounters counted = client.Core.Counters;
        Assert.Equal(forged, counted.DatagramsUnknown + counted.DatagramsMalformed);
    }

    [Fact]
    public void A_response_from_another_address_leaves_the_attempt_to_the_genuine_one()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        world.Wire.Tap = (_, to, datagram) =>
        {
            if (TypeOf(datagram) == PacketType.Response)
            {
                client.Core.Receive(world.World.Now, PeerWorld.AddressOf(77), datagram.ToArray());
                Assert.Equal((1, 0), (client.Core.AttemptCount, client.Core.SessionCount));
            }

            return true;
        };

        _ = client.Connect(server);
        world.Run(0.1);

        Assert.Equal(server.Address, world.Connected(client).Connection.Path);
    }

    [Fact]
    public void One_retry_is_taken_for_each_init_that_the_timer_sends()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        HandshakeMac mac = new(server.Identity.PublicKey);
        int inits = 0;
        world.Wire.Tap = (_, _, datagram) =>
        {
            // The forger stops some time: a client that took every Retry would never fall silent.
            if (TypeOf(datagram) == PacketType.Init && ++inits < 100)
            {
                byte[] retry = new byte[RetryPacket.Length];
                _ = InitPacket.TryRead(datagram.Span, mac, out InitPacket init);
                new RetryPacket(init.Source, new byte[RetryCookie.Size]).Write(retry, mac, InitPacket.Mac(datagram.Span));
                client.Core.Receive(world.World.Now, server.Address, retry);
            }

            return false;
        };

        _ = client.Connect(server);
        world.Run(0.5);
        Assert.Equal(2, inits);
        world.Run(1);
        Assert.Equal(4, inits);
    }

    [Fact]
    public void An_init_whose_connection_id_was_rewritten_is_forged_even_with_a_right_mac()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        HandshakeMac mac = new(server.Identity.PublicKey);
        const int FirstBit = 8 * (InitPacket.HeaderBytes - ConnectionId.Size);
        int forged = 0;
        world.Wire.Tap = (from, _, datagram) =>
        {
            for (int bit = FirstBit; TypeOf(datagram) == PacketType.Init && bit < 8 * InitPacket.HeaderBytes; bit++)
            {
                byte[] mangled = datagram.ToArray();
                mangled[bit / 8] ^= (byte)(1 << (bit % 8));
                mac.Write(mangled.AsSpan(..^HandshakeMac.Size), mangled.AsSpan(^HandshakeMac.Size..));
                server.Core.Receive(world.World.Now, from, mangled);
                forged++;
            }
            return true;
        };

        _ = client.Connect(server);
        world.Run(0.1);

        Assert.Equal(8 * ConnectionId.Size, forged);
        Assert.Equal(forged, server.Core.Counters.InitsForged);
        Assert.Equal(1, server.Core.Counters.InitsAnswered);
        _ = world.Connected(client);
        _ = world.Accepted(server);
    }

    [Fact]
    public void A_repeated_init_gets_the_same_answer_and_no_second_session()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        byte[] init = [];
        byte[][] responses = [];
        world.Wire.Tap = (_, _, datagram) =>
        {
            init = TypeOf(datagram) == PacketType.Init ? datagram.ToArray() : init;
            bool isResponse = TypeOf(datagram) == PacketType.Response;
            responses = isResponse ? [.. responses, datagram.ToArray()] : responses;
            return !isResponse;
        };

        _ = client.Connect(server);
        world.Run(0.5);
        world.Wire.Send(client.Address, server.Address, init);
        world.Run(0.1);

        Assert.Equal(2, responses.Length);
        Assert.Equal(responses[0], responses[1]);
        Assert.Equal(1, server.Core.SessionCount);
        Assert.Equal(1, server.Core.Counters.InitsRepeated);
    }

    [Fact]
    public void A_replayed_init_of_a_live_session_is_ignored()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        byte[] init = [];
        world.Wire.Tap = (_, _, datagram) =>
        {
            init = TypeOf(datagram) == PacketType.Init ? datagram.ToArray() : init;
            return true;
        };
        _ = client.Connect(server);
        world.Run(0.1);
        long sent = world.Wire.Sent;

        world.Wire.Send(PeerWorld.AddressOf(77), server.Address, init);
        world.Run(0.5);

        Assert.Equal(sent + 1, world.Wire.Sent);
        Assert.Equal(1, server.Core.SessionCount);
    }

    [Fact]
    public void An_init_replayed_after_its_session_never_reaches_the_application()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        byte[] init = [];
        world.Wire.Tap = (_, _, datagram) =>
        {
            init = TypeOf(datagram) == PacketType.Init ? datagram.ToArray() : init;
            return true;
        };
        _ = client.Connect(server);
        world.Run(0.1);
        client.Do(() => world.Connected(client).Close(world.World.Now, 0, ""));
        world.Run(10);
        Assert.Equal(0, server.Core.SessionCount);

        world.Wire.Send(PeerWorld.AddressOf(77), server.Address, init);
        world.Run(0.1);
        Assert.Equal(1, server.Core.HalfOpenCount);
        world.Run(10);

        Assert.Equal(0, server.Core.SessionCount);
        Assert.Equal(1, server.Core.Counters.HalfOpenExpired);
        _ = world.Accepted(server);
    }

    [Fact]
    public void A_response_is_never_larger_than_the_init_it_answers()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        long fromClient = 0;
        long fromServer = 0;
        world.Wire.Tap = (from, _, datagram) =>
        {
            bool isHandshake = TypeOf(datagram) is PacketType.Init or PacketType.Response;
            fromClient += isHandshake && from == client.Address ? datagram.Length : 0;
            fromServer += from == server.Address ? datagram.Length : 0;
            return isHandshake;
        };

        _ = client.Connect(server);
        world.Run(8);

        Assert.InRange(fromServer, 1, fromClient);
    }

    [Fact]
    public void Connecting_survives_heavy_loss_duplication_and_reordering()
    {
        LinkModel bad = new()
        {
            Latency = TimeSpan.FromMilliseconds(10),
            Jitter = TimeSpan.FromMilliseconds(100),
            LossPerMille = 200,
            DuplicationPerMille = 200,
        };
        for (ulong seed = 1; seed <= 30; seed++)
        {
            using PeerWorld world = new(seed, bad);
            SimPeer client = world.AddMember();
            SimPeer server = world.AddMember();

            _ = client.Connect(server);
            world.Run(11);

            bool connected = world.Told(client, PeerEventKind.Connected).Any();
            Assert.True(connected || world.Failure(client) == ConnectFailure.Timeout, $"seed {seed}");
            Assert.True(connected == world.Told(server, PeerEventKind.Accepted).Any(), $"seed {seed}");
            Assert.InRange(server.Core.SessionCount, 0, 1);
        }
    }

    [Fact]
    public void A_silent_peer_ends_the_session_by_idle_timeout()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(0.1);

        server.Kill();
        world.Run(29);
        Assert.Null(world.Closed(client));
        world.Run(60);

        Assert.Equal(CloseCause.IdleTimeout, world.Closed(client)!.Cause);
        Assert.Equal(0, client.Core.SessionCount);
    }

    [Fact]
    public void A_closed_session_is_forgotten_on_both_sides()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(0.1);

        client.Do(() => world.Connected(client).Close(world.World.Now, 42, "enough"));
        world.Run(60);

        Assert.Equal(new CloseReason(CloseCause.RemoteApplication, 42, "enough"), world.Closed(server));
        Assert.Equal(0, client.Core.SessionCount);
        Assert.Equal(0, server.Core.SessionCount);
        Assert.Null(client.Core.NextTimeout);
        Assert.Null(server.Core.NextTimeout);
    }

    /// <summary>The server has seen the later Init, so it takes a repetition of the first for a recording.</summary>
    [Fact]
    public void An_attempt_that_a_later_one_overtook_is_settled_by_its_session()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        bool isLost = true;
        world.Wire.Tap = (_, _, _) => !isLost;
        ulong first = client.Connect(server);
        world.Run(2.5);
        isLost = false;

        ulong second = client.Connect(server);
        world.Run(12);

        _ = Assert.Single(world.Told(client, PeerEventKind.Connected).Select(e => e.Session).Distinct());
        Assert.Equal([second, first], world.Told(client, PeerEventKind.Connected).Select(e => e.Attempt));
        Assert.Empty(world.Told(client, PeerEventKind.ConnectFailed));
    }

    [Fact]
    public void An_abandoned_attempt_tells_nothing_and_leaves_nothing()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();

        ulong attempt = client.Connect(server);
        client.Core.Abandon(attempt);
        world.Run(30);

        Assert.Empty(world.Told(client));
        Assert.Empty(world.Told(server));
        Assert.Equal(0, client.Core.AttemptCount);
        Assert.Equal(0, server.Core.SessionCount);
    }

    internal static PacketType TypeOf(ReadOnlyMemory<byte> datagram)
    {
        Assert.True(PacketFlags.TryRead(datagram.Span, out PacketType type));
        return type;
    }
}
