using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Membership.Overlay;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Membership.Overlay;

public sealed class PeerOverlayTests
{
    private static readonly OverlayPolicy _policy = new();
    private static readonly PeerId _self = OverlayWorld.Peer(0);

    private readonly PeerOverlay _overlay = new(new Instant(0), _self, _policy, new Prng(1));
    private readonly Instant _now = new(0);

    [Theory]
    [InlineData(50, 1)]
    [InlineData(200, 2)]
    [InlineData(1000, 3)]
    public void Peers_that_each_know_one_other_become_one_mesh(int peers, ulong seed)
    {
        OverlayWorld world = new(seed);
        world.Grow(peers);
        world.RunFor(TimeSpan.FromMinutes(3));

        Assert.Equal([peers], world.Parts());
        Assert.All(world.Living, peer =>
        {
            Assert.InRange(world[peer].Active.Count, 1, _policy.ActiveMax);
            Assert.InRange(world[peer].Passive.Count, 1, _policy.PassiveMax);
        });
        double full = world.Living.Average(peer => world.Neighbors(peer).Count());
        Assert.InRange(full, _policy.ActiveMax - 1, _policy.ActiveMax);
    }

    [Theory]
    [InlineData(0.3, 4)]
    [InlineData(0.5, 5)]
    [InlineData(0.7, 6)]
    public void The_rest_stays_one_mesh_when_many_vanish_at_once(double share, ulong seed)
    {
        const int Peers = 400;
        OverlayWorld world = new(seed);
        world.Grow(Peers);
        world.RunFor(TimeSpan.FromMinutes(5));
        Prng prng = new(seed);
        foreach (PeerId peer in world.Living.OrderBy(_ => prng.NextUInt64()).Take((int)(Peers * share)).ToList())
        {
            world.Kill(peer);
        }

        world.RunFor(TimeSpan.FromMinutes(2));

        Assert.Equal([Peers - (int)(Peers * share)], world.Parts());
    }

    [Fact]
    public void Peers_come_and_go_and_the_mesh_stays_one()
    {
        OverlayWorld world = new(7);
        world.Grow(100);
        Prng prng = new(7);
        for (int i = 0; i < 200; i++)
        {
            List<PeerId> living = [.. world.Living];
            PeerId goes = living[prng.Next(living.Count)];
            if (prng.Chance(4, 5))
            {
                world.Leave(goes);
            }
            else
            {
                world.Kill(goes);
            }

            world.Grow(1);
            world.RunFor(TimeSpan.FromSeconds(3));
        }

        world.RunFor(TimeSpan.FromMinutes(2));

        Assert.Equal([100], world.Parts());
    }

    [Fact]
    public void Idle_peers_send_as_much_in_a_large_mesh_as_in_a_small_one()
    {
        double small = MessagesPerPeerAndMinute(100), large = MessagesPerPeerAndMinute(800);

        // Two exchanges a minute that it begins and as many that it answers; what is left is the search for neighbours.
        Assert.InRange(small, 3.8, 5);
        Assert.InRange(large, 3.8, 5);

        static double MessagesPerPeerAndMinute(int peers)
        {
            OverlayWorld world = new(8);
            world.Grow(peers);
            world.RunFor(TimeSpan.FromMinutes(10));
            long before = world.Sent;
            world.RunFor(TimeSpan.FromMinutes(10));
            return (world.Sent - before) / 10.0 / peers;
        }
    }

    [Fact]
    public void Equal_seeds_make_equal_meshes()
    {
        Assert.Equal(Views(9), Views(9));
        Assert.NotEqual(Views(9), Views(10));

        static List<PeerId> Views(ulong seed)
        {
            OverlayWorld world = new(seed);
            world.Grow(60);
            world.RunFor(TimeSpan.FromMinutes(3));
            return [.. world.Living.SelectMany(peer => world[peer].Active.Concat(world[peer].Passive))];
        }
    }

    [Fact]
    public void Who_leaves_is_asked_nothing_more()
    {
        OverlayWorld world = new(11);
        world.Grow(30);
        world.RunFor(TimeSpan.FromMinutes(1));
        PeerId leaver = world.Living.First();
        List<PeerId> neighbors = [.. world.Neighbors(leaver)];
        world.Leave(leaver);
        world.RunFor(TimeSpan.FromSeconds(1));

        Assert.NotEmpty(neighbors);
        Assert.All(neighbors, neighbor => Assert.DoesNotContain(leaver, world[neighbor].Active.Concat(world[neighbor].Passive)));
    }

    [Fact]
    public void A_flood_of_newcomers_neither_grows_the_views_nor_the_dialling()
    {
        for (int i = 1; i <= 10_000; i++)
        {
            _overlay.OnMessage(_now, OverlayWorld.Peer(i), new OverlayMessage(OverlayMessageKind.Join));
            _overlay.OnMessage(
                _now, OverlayWorld.Peer(i), new OverlayMessage(OverlayMessageKind.ForwardJoin, OverlayWorld.Peer(100_000 + i), HopsLeft: int.MinValue));
            _overlay.OnHeardOf(_now, OverlayWorld.Peer(20_000 + i));
        }

        Assert.Equal(_policy.ActiveMax, _overlay.Active.Count);
        Assert.Equal(_policy.PassiveMax, _overlay.Passive.Count);
        Assert.InRange(Commands().Count(static command => command.Message.Kind == OverlayMessageKind.UrgentNeighbor), 1, _policy.ActiveMax);
    }

    [Fact]
    public void A_peer_without_neighbours_joins_at_one_contact()
    {
        _overlay.OnHeardOf(_now, OverlayWorld.Peer(1));
        _overlay.OnHeardOf(_now, OverlayWorld.Peer(2));

        OverlayCommand command = Assert.Single(Commands(), static command => command.Message.Kind == OverlayMessageKind.Join);
        _overlay.OnMessage(_now, command.Peer, new OverlayMessage(OverlayMessageKind.Accept));

        Assert.Equal([command.Peer], _overlay.Active);
    }

    [Fact]
    public void A_contact_that_does_not_answer_gives_way_to_the_next()
    {
        _overlay.OnHeardOf(_now, OverlayWorld.Peer(1));
        _overlay.OnHeardOf(_now, OverlayWorld.Peer(2));
        PeerId first = Commands().First().Peer;
        Assert.Equal(_now + _policy.AnswerMax, _overlay.NextTimeout);
        _overlay.Timeout(_now + _policy.AnswerMax - TimeSpan.FromTicks(1));
        Assert.Empty(Commands());
        _overlay.Timeout(_now + _policy.AnswerMax);

        List<OverlayCommand> commands = Commands();
        Assert.Contains(new OverlayCommand(OverlayCommandKind.Drop, first), commands);
        Assert.Contains(commands, command => command.Peer != first && command.Message.Kind == OverlayMessageKind.Join);
        Assert.DoesNotContain(first, _overlay.Passive);
    }

    [Fact]
    public void A_full_peer_declines_unless_it_is_urgent()
    {
        Fill();
        _overlay.OnMessage(_now, OverlayWorld.Peer(50), new OverlayMessage(OverlayMessageKind.Neighbor));
        Assert.Equal([Sent(50, OverlayMessageKind.Decline)], Commands());

        _overlay.OnMessage(_now, OverlayWorld.Peer(51), new OverlayMessage(OverlayMessageKind.UrgentNeighbor));
        List<OverlayCommand> commands = Commands();
        Assert.Contains(Sent(51, OverlayMessageKind.Accept), commands);
        OverlayCommand left = Assert.Single(commands, static command => command.Message.Kind == OverlayMessageKind.Disconnect);
        Assert.Contains(new OverlayCommand(OverlayCommandKind.Drop, left.Peer), commands);
        Assert.Equal(_policy.ActiveMax, _overlay.Active.Count);
        Assert.Contains(left.Peer, _overlay.Passive);
    }

    [Fact]
    public void An_answer_that_comes_too_late_is_taken_back()
    {
        Fill();
        _overlay.OnMessage(_now, OverlayWorld.Peer(50), new OverlayMessage(OverlayMessageKind.Accept));

        Assert.Equal([Sent(50, OverlayMessageKind.Disconnect)], Commands());
        Assert.DoesNotContain(OverlayWorld.Peer(50), _overlay.Active);
    }

    [Fact]
    public void Who_exchanges_cards_without_being_a_neighbour_becomes_one_or_learns_that_it_is_none()
    {
        _overlay.OnExchange(_now, OverlayWorld.Peer(40));
        Assert.Equal([OverlayWorld.Peer(40)], _overlay.Active);

        Fill();
        _overlay.OnExchange(_now, OverlayWorld.Peer(50));
        Assert.Equal([Sent(50, OverlayMessageKind.Disconnect)], Commands());
    }

    [Fact]
    public void After_a_decline_the_search_rests()
    {
        Fill(_policy.ActiveMax - 1);
        _overlay.OnHeardOf(_now, OverlayWorld.Peer(60));
        Assert.Equal([Sent(60, OverlayMessageKind.Neighbor)], Commands());
        _overlay.OnMessage(_now, OverlayWorld.Peer(60), new OverlayMessage(OverlayMessageKind.Decline));

        Assert.Empty(Commands());
        Assert.Equal(_now + _policy.SearchRest, _overlay.NextTimeout);
        _overlay.Timeout(_now + _policy.SearchRest);
        Assert.Equal([Sent(60, OverlayMessageKind.Neighbor)], Commands());
        _overlay.OnMessage(_now, OverlayWorld.Peer(60), new OverlayMessage(OverlayMessageKind.Decline));
        Assert.Equal(_now + (2 * _policy.SearchRest), _overlay.NextTimeout);
    }

    private static OverlayCommand Sent(int peer, OverlayMessageKind kind) =>
        new(OverlayCommandKind.Send, OverlayWorld.Peer(peer), new OverlayMessage(kind));

    /// <summary>Gives the peer so many neighbours.</summary>
    private void Fill(int neighbors = 6)
    {
        for (int i = 1; _overlay.Active.Count < neighbors; i++)
        {
            _overlay.OnMessage(_now, OverlayWorld.Peer(i), new OverlayMessage(OverlayMessageKind.UrgentNeighbor));
        }

        _ = Commands();
    }

    private List<OverlayCommand> Commands()
    {
        List<OverlayCommand> commands = [];
        while (_overlay.TryTakeCommand(out OverlayCommand command))
        {
            commands.Add(command);
        }

        return commands;
    }
}
