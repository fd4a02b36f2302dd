using System;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Simulations.Actors;
using Darkbloom.Simulations.Network;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

/// <summary>New handshakes within a session: fresh keys and tickets, and not a byte disturbed.</summary>
public sealed class RenewalTests
{
    private static readonly LinkModel _perfect = new() { Latency = TimeSpan.FromMilliseconds(10) };
    private static readonly RenewalTimes _never = new() { Interval = TimeSpan.FromDays(365) };

    [Theory]
    [InlineData(3599, 0)]
    [InlineData(3631, 1)]
    public void A_session_is_renewed_within_an_hour_and_thirty_seconds(double seconds, int renewals)
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddStranger(options => options with { AcceptUnticketed = true });
        SimPeer server = world.AddStranger(options => options with { AcceptUnticketed = true });
        _ = client.Connect(server);

        world.Run(seconds);

        Assert.Equal(renewals, client.Core.Counters.SessionsRenewed);
        Assert.Equal(renewals, server.Core.Counters.SessionsRenewed);
        Assert.True(world.Connected(client).Connection.IsRenewalOver);
        Assert.True(world.Accepted(server).Connection.IsRenewalOver);
    }

    [Fact]
    public void A_session_whose_peers_get_new_tickets_lives_on()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember(options => options with { Renewal = _never });
        SimPeer server = world.AddMember(options => options with { Renewal = _never });
        _ = client.Connect(server);
        world.Run(1);
        UnixTime firstEnd = world.Accepted(server).RemoteTicket!.Ticket.NotAfter;

        for (int hour = 0; hour < 6; hour++)
        {
            world.Run(1500);
            Give(world, client);
            Give(world, server);
        }

        Assert.Null(world.Closed(client));
        Assert.Null(world.Closed(server));
        Assert.Equal(1, server.Core.SessionCount);
        Assert.True(world.Accepted(server).RemoteTicket!.Ticket.NotAfter > firstEnd);
        Assert.True(world.Connected(client).RemoteTicket!.Ticket.NotAfter > firstEnd);
    }

    [Fact]
    public void A_renewal_tells_both_sides_the_tickets_of_both()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(20);
        UInt128 clientFirst = world.Accepted(server).RemoteTicket!.Ticket.Serial;
        UInt128 serverFirst = world.Connected(client).RemoteTicket!.Ticket.Serial;

        Give(world, client);
        Give(world, server);
        world.Run(31);

        Assert.NotEqual(clientFirst, world.Accepted(server).RemoteTicket!.Ticket.Serial);
        Assert.NotEqual(serverFirst, world.Connected(client).RemoteTicket!.Ticket.Serial);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_expired_ticket_renews_nothing_and_the_session_ends_with_the_old_one(bool serverPresentsIt)
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(20);
        (SimPeer holder, SimPeer other) = serverPresentsIt ? (server, client) : (client, server);
        VerifiedTicket first = (serverPresentsIt ? world.Connected(client) : world.Accepted(server)).RemoteTicket!;

        holder.Do(() => holder.Core.UseTicket(
            world.World.Now, world.Tickets.Issue(holder.Identity.PublicKey, world.Clock + -TimeSpan.FromHours(2))));
        Give(world, other);
        world.Run(60);

        Assert.Null(world.Closed(other));
        Assert.True(other.Core.Counters.TicketsRejected > 0);
        Assert.Same(first, (serverPresentsIt ? world.Connected(client) : world.Accepted(server)).RemoteTicket);
        world.Run((first.Ticket.NotAfter - world.Clock).TotalSeconds + Ticket.ClockSkewSecondsMax + 3);
        Assert.Equal(PeerCodes.TicketExpired, world.Closed(other)!.Code);
    }

    [Fact]
    public void A_refused_renewal_is_tried_again_with_the_next_ticket()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(20);
        client.Do(() => client.Core.UseTicket(
            world.World.Now, world.Tickets.Issue(client.Identity.PublicKey, world.Clock + -TimeSpan.FromHours(2))));
        world.Run(31);
        Assert.Equal(0, client.Core.Counters.SessionsRenewed);

        Give(world, client);
        world.Run(61);

        Assert.Equal(1, client.Core.Counters.SessionsRenewed);
        Assert.Equal(1, server.Core.Counters.SessionsRenewed);
    }

    /// <summary>Handshakes collide, get lost and overtake each other while bytes and short key phases go both ways.</summary>
    [Fact]
    public void Renewals_from_both_sides_over_bad_paths_disturb_no_byte()
    {
        long renewed = 0;
        for (ulong seed = 1; seed <= 20; seed++)
        {
            renewed += PeerSeedRun.Run(seed).Renewals;
        }
        Assert.InRange(renewed, 100, long.MaxValue);
    }

    [Fact]
    public void The_same_seed_renews_at_the_same_moments() =>
        Assert.Equal(PeerSeedRun.Run(3), PeerSeedRun.Run(3));

    [Fact]
    public void When_both_ask_at_once_one_handshake_serves_both()
    {
        RenewalTimes together = new() { Interval = TimeSpan.FromSeconds(20), Spread = TimeSpan.FromTicks(1) };
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddStranger(options => options with { AcceptUnticketed = true, Renewal = together });
        SimPeer server = world.AddStranger(options => options with { AcceptUnticketed = true, Renewal = together });
        _ = client.Connect(server);

        world.Run(25);

        Assert.Equal(1, client.Core.Counters.SessionsRenewed);
        Assert.Equal(1, server.Core.Counters.SessionsRenewed);
        Assert.Null(world.Closed(client));
        Assert.True(world.Connected(client).Connection.IsRenewalOver);
        Assert.True(world.Accepted(server).Connection.IsRenewalOver);
    }

    [Theory]
    [InlineData(9.9, true)]
    [InlineData(10.1, false)]
    public void A_peer_that_asks_too_soon_breaks_the_protocol(double seconds, bool isViolation)
    {
        RenewalTimes hasty = new() { Interval = TimeSpan.FromSeconds(seconds), IntervalMin = TimeSpan.Zero, Spread = TimeSpan.FromTicks(1) };
        using PeerWorld world = new(link: new LinkModel { Latency = TimeSpan.FromTicks(1) });
        SimPeer client = world.AddStranger(options => options with { AcceptUnticketed = true, Renewal = hasty });
        SimPeer server = world.AddStranger(options => options with { AcceptUnticketed = true });
        _ = client.Connect(server);

        world.Run(seconds + 1);

        Assert.Equal(isViolation, world.Closed(client)?.Code == (ulong)TransportErrorCode.ProtocolViolation);
        Assert.Equal(isViolation ? 0 : 1, server.Core.Counters.SessionsRenewed);
    }

    [Theory]
    [InlineData(FrameType.HandshakeAnswer, 1)] // nothing was asked
    [InlineData(FrameType.HandshakeQuestion, 1)] // doesn't open
    [InlineData(FrameType.HandshakeQuestion, 2)] // a round is missing
    public void A_forged_message_by_the_peer_itself_closes_the_session(FrameType type, ulong round)
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(20);
        HandshakeMessage forged = new(type == FrameType.HandshakeAnswer, round, new byte[300]);

        client.Do(() => Say(world.Connected(client), forged));
        world.Run(1);

        Assert.Equal((ulong)TransportErrorCode.ProtocolViolation, world.Closed(client)!.Code);
        Assert.Equal(0, server.Core.Counters.SessionsRenewed);
    }

    [Fact]
    public void A_message_that_comes_again_is_ignored()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(20);
        Give(world, client);
        world.Run(40);
        Assert.Equal(1, server.Core.Counters.SessionsRenewed);

        client.Do(() => Say(world.Connected(client), new HandshakeMessage(IsAnswer: false, Round: 1, new byte[300])));
        world.Run(20);

        Assert.Null(world.Closed(client));
        Assert.Equal(1, server.Core.Counters.SessionsRenewed);
    }

    private static void Say(MeshSession session, HandshakeMessage message)
    {
        session.Connection.AnswerRenewal(message, keys: null);
        _ = session.Write(session.OpenStream(StreamPriority.Prompts)!.Value, [1]);
    }

    private static void Give(PeerWorld world, SimPeer peer) => peer.Do(
        () => peer.Core.UseTicket(world.World.Now, world.Tickets.Issue(peer.Identity.PublicKey, world.Clock)));
}
