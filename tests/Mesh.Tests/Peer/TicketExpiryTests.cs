using System;
using System.Linq;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Simulations.Actors;
using Darkbloom.Simulations.Network;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

public sealed class TicketExpiryTests
{
    private static readonly LinkModel _perfect = new() { Latency = TimeSpan.FromMilliseconds(10) };

    [Fact]
    public void A_session_ends_with_the_ticket_of_its_peer_and_the_skew()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(1);
        double life = (world.Accepted(server).RemoteTicket!.Ticket.NotAfter - world.Clock).TotalSeconds
            + Ticket.ClockSkewSecondsMax;

        world.Run(life - 2);
        Assert.Null(world.Closed(server));
        world.Run(4);

        Assert.Equal(PeerCodes.TicketExpired, world.Closed(server)!.Code);
        Assert.Equal(PeerCodes.TicketExpired, world.Closed(client)!.Code);
    }

    [Theory]
    [InlineData(StreamPriority.Control, 0)]
    [InlineData(StreamPriority.Prompts, 600)]
    public void Requests_in_flight_get_their_time_after_it(StreamPriority priority, double extraSeconds)
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(1);
        MeshSession session = world.Connected(client);
        _ = session.Write(session.OpenStream(priority)!.Value, [1]);
        double life = (world.Accepted(server).RemoteTicket!.Ticket.NotAfter - world.Clock).TotalSeconds
            + Ticket.ClockSkewSecondsMax + extraSeconds;

        world.Run(life - 3);
        Assert.Null(world.Closed(server));
        world.Run(6);

        Assert.Equal(PeerCodes.TicketExpired, world.Closed(server)!.Code);
    }

    [Fact]
    public void A_session_that_outlives_its_ticket_ends_with_its_last_request()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(1);
        MeshSession session = world.Connected(client);
        StreamId stream = session.OpenStream(StreamPriority.Prompts)!.Value;
        _ = session.Write(stream, [1]);
        world.Run((world.Accepted(server).RemoteTicket!.Ticket.NotAfter - world.Clock).TotalSeconds + Ticket.ClockSkewSecondsMax + 30);
        Assert.Null(world.Closed(server));

        session.Reset(stream, 1);
        session.StopSending(stream, 1);
        world.Run(3);

        Assert.Equal(PeerCodes.TicketExpired, world.Closed(server)!.Code);
    }

    [Fact]
    public void A_new_handshake_brings_the_next_ticket()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(1);
        VerifiedTicket first = world.Accepted(server).RemoteTicket!;
        world.Run((first.Ticket.NotAfter - world.Clock).TotalSeconds + Ticket.ClockSkewSecondsMax + 10);
        client.Core.UseTicket(world.World.Now, world.Tickets.Issue(client.Identity.PublicKey, world.Clock));
        server.Core.UseTicket(world.World.Now, world.Tickets.Issue(server.Identity.PublicKey, world.Clock));

        _ = client.Connect(server);
        world.Run(1);

        MeshSession second = world.Told(server, PeerEventKind.Accepted).Last().Session!;
        Assert.True(second.RemoteTicket!.Ticket.NotAfter > first.Ticket.NotAfter);
        Assert.Equal(1, server.Core.SessionCount);
    }

    [Fact]
    public void A_pinned_peer_stays_when_its_ticket_ends()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer server = world.AddMember(options => options with { AcceptUnticketed = true });
        SimPeer client = world.AddMember(options => options with { PinnedPeers = [server.Identity.PublicKey] });
        _ = client.Connect(server);
        world.Run(1);

        world.Run(3 * Ticket.LifetimeSecondsMax);

        Assert.Equal(1, server.Core.SessionCount);
        Assert.DoesNotContain(world.Told(client), e => e.Event.Kind == ConnectionEventKind.Closed);
    }
}
