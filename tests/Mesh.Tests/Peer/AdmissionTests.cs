using System;
using System.Linq;
using System.Net;
using Darkbloom.Mesh.Peering;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Simulations;
using Darkbloom.Simulations.Actors;
using Darkbloom.Simulations.Network;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

public sealed class AdmissionTests
{
    private static readonly LinkModel _perfect = new() { Latency = TimeSpan.FromMilliseconds(10) };

    [Fact]
    public void A_peer_without_a_ticket_is_refused_and_leaves_nothing()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddStranger();
        SimPeer server = world.AddMember();

        _ = client.Connect(server);
        world.Run(0.05);

        AssertRefused(world, client, server, ConnectFailure.OwnTicketRejected, TicketVerdict.Malformed);
    }

    [Fact]
    public void A_ticket_of_another_issuer_is_refused()
    {
        using PeerWorld world = new(link: _perfect);
        using SimTickets forger = new(new Prng(99), PeerWorld.Network);
        SimPeer client = world.AddStranger();
        SimPeer server = world.AddMember();
        client.Core.UseTicket(world.World.Now, forger.Issue(client.Identity.PublicKey, world.Clock));

        _ = client.Connect(server);
        world.Run(0.05);

        AssertRefused(world, client, server, ConnectFailure.OwnTicketRejected, TicketVerdict.UnknownSigner);
    }

    [Fact]
    public void A_stolen_ticket_is_refused()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddStranger();
        SimPeer server = world.AddMember();
        client.Core.UseTicket(world.World.Now, world.Tickets.Issue(server.Identity.PublicKey, world.Clock));

        _ = client.Connect(server);
        world.Run(0.05);

        AssertRefused(world, client, server, ConnectFailure.OwnTicketRejected, TicketVerdict.WrongHolder);
    }

    [Fact]
    public void An_expired_ticket_is_refused()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddStranger();
        SimPeer server = world.AddMember();
        client.Core.UseTicket(world.World.Now, world.Tickets.Issue(client.Identity.PublicKey, world.Clock + -TimeSpan.FromHours(2)));

        _ = client.Connect(server);
        world.Run(0.05);

        AssertRefused(world, client, server, ConnectFailure.OwnTicketRejected, TicketVerdict.Expired);
    }

    [Fact]
    public void A_responder_without_a_ticket_is_left_and_told_so()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddStranger();

        _ = client.Connect(server);
        world.Run(10);

        Assert.Equal(ConnectFailure.PeerTicketRejected, world.Failure(client));
        Assert.Empty(world.Told(server));
        Assert.Equal(0, client.Core.SessionCount);
        Assert.Equal(0, server.Core.SessionCount);
        Assert.Equal(0, server.Core.Counters.HalfOpenExpired);
    }

    [Fact]
    public void A_pinned_peer_needs_no_ticket()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer rendezvous = world.AddStranger(options => options with { AcceptUnticketed = true });
        SimPeer client = world.AddStranger(options => options with { PinnedPeers = [rendezvous.Identity.PublicKey] });

        _ = client.Connect(rendezvous);
        world.Run(1);

        Assert.Null(world.Connected(client).RemoteTicket);
        Assert.Null(world.Accepted(rendezvous).RemoteTicket);
    }

    [Fact]
    public void A_peer_of_another_network_gets_no_answer()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember(options => options with { Network = "elsewhere" });
        SimPeer server = world.AddMember();

        _ = client.Connect(server);
        world.Run(11);

        Assert.Equal(ConnectFailure.Timeout, world.Failure(client));
        Assert.Equal(0, server.Core.SessionCount);
        Assert.Equal(4, server.Core.Counters.InitsForged);
    }

    [Fact]
    public void An_init_for_another_key_costs_a_hash_and_gets_no_answer()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        SimPeer other = world.AddMember();

        _ = client.Connect(other.Identity.PublicKey, server.Address);
        world.Run(11);

        Assert.Equal(ConnectFailure.Timeout, world.Failure(client));
        Assert.Equal(4, server.Core.Counters.InitsWithoutMac);
        Assert.Equal(4, world.Wire.Sent);
    }

    [Fact]
    public void Above_the_rate_an_init_needs_a_cookie_and_its_sender_gets_through_with_one()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer server = world.AddMember(options => options with
        {
            Limits = new HandshakeLimits { WithoutCookie = new RateLimit(PerSecond: 1, Burst: 2) },
        });
        SimPeer[] clients = [.. Enumerable.Range(0, 3).Select(_ => world.AddMember())];

        foreach (SimPeer client in clients)
        {
            _ = client.Connect(server);
        }
        world.Run(0.5);

        Assert.Equal(1, server.Core.Counters.RetriesSent);
        Assert.All(clients, client => world.Connected(client));
    }

    [Fact]
    public void A_cookie_is_worth_nothing_at_another_address()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer server = world.AddMember(options => options with
        {
            Limits = new HandshakeLimits { WithoutCookie = new RateLimit(PerSecond: 1, Burst: 1) },
        });
        SimPeer first = world.AddMember();
        SimPeer second = world.AddMember();
        byte[][] inits = [];
        world.Wire.Tap = (from, _, datagram) =>
        {
            bool isSecondsInit = from == second.Address && HandshakeTests.TypeOf(datagram) == PacketType.Init;
            inits = isSecondsInit ? [.. inits, datagram.ToArray()] : inits;
            return !isSecondsInit || inits.Length < 2;
        };
        _ = first.Connect(server);
        _ = second.Connect(server);
        world.Run(0.1);
        Assert.Equal(2, inits.Length);

        world.Wire.Send(PeerWorld.AddressOf(99), server.Address, inits[1]);
        world.Run(0.1);

        Assert.Equal(2, server.Core.Counters.RetriesSent);
        Assert.Equal(1, server.Core.Counters.InitsAnswered);
    }

    [Theory]
    [InlineData(4, 0)]
    [InlineData(5, 0)]
    [InlineData(6, 1)]
    public void A_prefix_gets_its_burst_and_no_more(int inits, int limited)
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer server = world.AddMember(options => options with
        {
            Limits = new HandshakeLimits { WithoutCookie = new RateLimit(1, 1), PerPrefix = new RateLimit(20, 5) },
        });
        SimPeer spender = world.AddMember();
        _ = spender.Connect(server);
        SimPeer[] clients = [.. Enumerable.Range(0, inits).Select(_ => world.AddMember())];
        for (int i = 0; i < clients.Length; i++)
        {
            clients[i].Move(PathAddress.From(new IPEndPoint(new IPAddress([192, 0, 2, (byte)i]), 4000)));
            _ = clients[i].Connect(server);
        }
        world.Run(0.05);

        Assert.Equal(limited, server.Core.Counters.InitsRateLimited);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 1)]
    public void Half_open_sessions_have_a_limit(int clients, int dropped)
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer server = world.AddMember(options => options with { Limits = new HandshakeLimits { HalfOpenMax = 2 } });
        world.Wire.Tap = (from, _, _) => from != server.Address;

        for (int i = 0; i < clients; i++)
        {
            _ = world.AddMember().Connect(server);
        }
        world.Run(0.5);

        Assert.Equal(clients - dropped, server.Core.HalfOpenCount);
        Assert.Equal(dropped, server.Core.Counters.InitsOverHalfOpenMax);
        world.Run(20);
        Assert.Equal(0, server.Core.HalfOpenCount);
        Assert.Null(server.Core.NextTimeout);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 1)]
    public void Attempts_have_a_limit(int attempts, int failed)
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer server = world.AddMember();
        SimPeer client = world.AddMember(options => options with { Limits = new HandshakeLimits { OutgoingMax = 2 } });

        for (int i = 0; i < attempts; i++)
        {
            _ = client.Connect(server);
        }

        Assert.Equal(failed, world.Told(client, PeerEventKind.ConnectFailed).Count());
        Assert.All(
            world.Told(client, PeerEventKind.ConnectFailed),
            e => Assert.Equal(ConnectFailure.TooManyAttempts, e.Failure));
    }

    private static void AssertRefused(
        PeerWorld world, SimPeer client, SimPeer server, ConnectFailure failure, TicketVerdict verdict)
    {
        PeerEvent told = Assert.Single(world.Told(client));
        Assert.Equal(failure, told.Failure);
        Assert.Equal((ulong)verdict, told.Code);
        Assert.Empty(world.Told(server));
        Assert.Equal(0, client.Core.SessionCount);
        Assert.Equal(0, server.Core.SessionCount);
        Assert.Equal(1, server.Core.Counters.TicketsRejected);
        Assert.Null(server.Core.NextTimeout);
    }
}
