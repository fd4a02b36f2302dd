using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Darkbloom.Tests.Support;
using Xunit;

namespace Darkbloom.Mesh.Tests.Routing;

public sealed class RouterTests
{
    private readonly Prng _prng = new(7);

    [Fact]
    public void No_route_is_picked_from_an_empty_table_or_for_an_unknown_model()
    {
        RouteFixture mesh = new(3);

        Assert.Null(Router.Pick(RouteTable.Empty, RouteFixture.Query, [], mesh.Now, _prng));
        Assert.Null(Router.Pick(mesh.Table, RouteFixture.Query with { Model = "huge" }, [], mesh.Now, _prng));
    }

    [Fact]
    public void The_only_usable_route_is_found_among_many_that_are_not()
    {
        RouteFixture mesh = new(500);
        foreach (PeerId node in mesh.Nodes[1..])
        {
            mesh.Load(node, state: ServingState.Paused);
        }

        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(mesh.Nodes[0], Pick(mesh));
        }
    }

    [Theory]
    [InlineData(ServingState.Draining)]
    [InlineData(ServingState.Paused)]
    public void A_node_that_does_not_serve_is_never_picked(ServingState state)
    {
        RouteFixture mesh = new(2);
        mesh.Load(mesh.Nodes[0], state: state);

        Assert.All(Picks(mesh, 100), picked => Assert.Equal(mesh.Nodes[1], picked));
    }

    [Fact]
    public void Excluded_nodes_are_never_picked()
    {
        RouteFixture mesh = new(3);
        PeerId[] excluded = mesh.Nodes[..2];

        Assert.All(Picks(mesh, 100, excluded), picked => Assert.Equal(mesh.Nodes[2], picked));
        Assert.Null(Router.Pick(mesh.Table, RouteFixture.Query, mesh.Nodes, mesh.Now, _prng));
    }

    [Fact]
    public void A_context_that_is_too_small_is_passed_over_and_one_that_just_fits_is_not()
    {
        RouteFixture mesh = new(4, contextTokens: 4096);

        Assert.NotNull(Router.Pick(mesh.Table, RouteFixture.Query with { ContextTokensMin = 4095 }, [], mesh.Now, _prng));
        Assert.NotNull(Router.Pick(mesh.Table, RouteFixture.Query with { ContextTokensMin = 4096 }, [], mesh.Now, _prng));
        Assert.Null(Router.Pick(mesh.Table, RouteFixture.Query with { ContextTokensMin = 4097 }, [], mesh.Now, _prng));
    }

    [Fact]
    public void Unconnected_nodes_are_the_last_resort()
    {
        RouteFixture mesh = new(2);
        mesh.Book.OnDisconnected(mesh.Nodes[0]);

        Assert.All(Picks(mesh, 100), picked => Assert.Equal(mesh.Nodes[1], picked));
        Assert.Equal(mesh.Nodes[0], Pick(mesh, mesh.Nodes[1]));
    }

    [Fact]
    public void The_cheaper_of_two_is_picked()
    {
        RouteFixture mesh = new(2);
        mesh.Load(mesh.Nodes[0], free: 0, queue: 4);
        mesh.Load(mesh.Nodes[1], free: 1);

        Assert.All(Picks(mesh, 100), picked => Assert.Equal(mesh.Nodes[1], picked));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void The_cheapest_of_four_is_picked(int cheapest)
    {
        RouteFixture mesh = new(4);
        for (int i = 0; i < 4; i++)
        {
            mesh.Load(mesh.Nodes[i], free: 0, queue: i == cheapest ? 0 : 1 + i);
        }

        Assert.All(Picks(mesh, 100), picked => Assert.Equal(mesh.Nodes[cheapest], picked));
    }

    [Fact]
    public void A_node_that_has_the_conversation_is_picked_while_it_has_a_free_slot()
    {
        RouteFixture mesh = new(50);
        Array.ForEach(mesh.Nodes, node => mesh.Load(node, free: 2, decode: 200));
        mesh.Load(mesh.Nodes[7], free: 1, decode: 10);
        RouteQuery query = RouteFixture.Query with { Preferred = mesh.Nodes[7] };

        Assert.Equal(mesh.Nodes[7], Router.Pick(mesh.Table, query, [], mesh.Now, _prng)!.Node);
        Assert.NotEqual(mesh.Nodes[7], Router.Pick(mesh.Table, query, [mesh.Nodes[7]], mesh.Now, _prng)!.Node);
        mesh.Load(mesh.Nodes[7], state: ServingState.Draining);
        Assert.NotEqual(mesh.Nodes[7], Router.Pick(mesh.Table, query, [], mesh.Now, _prng)!.Node);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(3, false)]
    public void A_busy_node_that_has_the_conversation_is_picked_unless_it_costs_a_quarter_more(int queue, bool isPicked)
    {
        // The others cost 1.5 services. Two more in line make 2.5, and the mean of four, itself among them, is 1.75 at most.
        RouteFixture mesh = new(5);
        Array.ForEach(mesh.Nodes, node => mesh.Load(node, free: 0, queue: 0));
        mesh.Load(mesh.Nodes[4], free: 0, queue: queue - 1);
        RouteQuery query = RouteFixture.Query with { Preferred = mesh.Nodes[4] };

        Assert.Equal(isPicked, Router.Pick(mesh.Table, query, [], mesh.Now, _prng)!.Node == mesh.Nodes[4]);
    }

    [Fact]
    public void Speed_that_was_seen_outranks_speed_that_is_claimed()
    {
        RouteFixture mesh = new(2);
        mesh.Load(mesh.Nodes[0], decode: 100_000);
        mesh.Load(mesh.Nodes[1], decode: 30);
        Assert.Equal(mesh.Nodes[0], Pick(mesh));

        mesh.Note(mesh.Nodes[0], RouteNoteKind.Asked);
        mesh.Note(mesh.Nodes[0], RouteNoteKind.Served, speed: new RouteSpeed(0, 3));

        Assert.All(Picks(mesh, 100), picked => Assert.Equal(mesh.Nodes[1], picked));
    }

    [Fact]
    public void Requests_sent_since_the_last_report_count_against_a_node()
    {
        RouteFixture mesh = new(2);
        mesh.Load(mesh.Nodes[0], slots: 2, free: 2, decode: 21);
        mesh.Load(mesh.Nodes[1], slots: 2, free: 2, decode: 20);
        List<PeerId> picked = [];
        for (int i = 0; i < 4; i++)
        {
            picked.Add(Pick(mesh));
            mesh.Note(picked[^1], RouteNoteKind.Asked);
        }

        // The faster one first, while it has slots as far as we know; then the other one.
        Assert.Equal([mesh.Nodes[0], mesh.Nodes[0], mesh.Nodes[1], mesh.Nodes[1]], picked);
    }

    [Fact]
    public void A_report_that_counts_our_requests_replaces_their_credit()
    {
        RouteFixture mesh = new(1);
        mesh.Note(mesh.Nodes[0], RouteNoteKind.Asked);
        mesh.Note(mesh.Nodes[0], RouteNoteKind.Asked);
        mesh.Load(mesh.Nodes[0], slots: 4, free: 4);
        double idle = Router.Cost(mesh.RouteOf(mesh.Nodes[0]), RouteFixture.Query, mesh.Now);
        mesh.Load(mesh.Nodes[0], slots: 4, free: 2);

        Assert.Equal(idle, Router.Cost(mesh.RouteOf(mesh.Nodes[0]), RouteFixture.Query, mesh.Now));
    }

    [Fact]
    public void An_old_report_is_not_taken_for_an_idle_node()
    {
        RouteFixture mesh = new(1);
        mesh.Load(mesh.Nodes[0], slots: 2, free: 2);
        double fresh = CostAfter(Route.LoadAgeMax);
        double stale = CostAfter(Route.LoadAgeMax + TimeSpan.FromTicks(1));

        Assert.True(stale > fresh, $"{stale} > {fresh}");

        double CostAfter(TimeSpan age) =>
            Router.Cost(mesh.RouteOf(mesh.Nodes[0]), RouteFixture.Query, mesh.Now + age);
    }

    [Fact]
    public void Equal_nodes_share_the_load()
    {
        RouteFixture mesh = new(10);
        Dictionary<PeerId, int> counts = Picks(mesh, 10_000).CountBy(static node => node).ToDictionary();

        Assert.Equal(10, counts.Count);
        Assert.All(counts.Values, static count => Assert.InRange(count, 700, 1300));
    }

    [Fact]
    public void When_few_nodes_are_usable_each_is_as_likely_as_the_other()
    {
        RouteFixture mesh = new(300);
        foreach (PeerId node in mesh.Nodes[3..])
        {
            mesh.Load(node, state: ServingState.Paused);
        }

        Dictionary<PeerId, int> counts = Picks(mesh, 9_000).CountBy(static node => node).ToDictionary();

        Assert.Equal(3, counts.Count);
        Assert.All(counts.Values, static count => Assert.InRange(count, 2_000, 4_000));
    }

    [Fact]
    public void The_same_seed_picks_the_same_nodes()
    {
        RouteFixture mesh = new(50);

        Assert.Equal(
            Enumerable.Range(0, 50).Select(_ => Pick(mesh, new Prng(3))),
            Enumerable.Range(0, 50).Select(_ => Pick(mesh, new Prng(3))));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(2000)]
    public void Picking_allocates_nothing(int nodes)
    {
        RouteFixture mesh = new(nodes);
        PeerId[] excluded = mesh.Nodes[..1];
        RouteTable table = mesh.Table;
        RouteQuery query = RouteFixture.Query with { Preferred = mesh.Nodes[^1] };
        Instant now = mesh.Now;
        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (int i = 0; i < 1_000; i++)
            {
                _ = Router.Pick(table, query, excluded, now, _prng);
            }
        }));
    }

    private PeerId Pick(RouteFixture mesh, params PeerId[] excluded) =>
        Router.Pick(mesh.Table, RouteFixture.Query, excluded, mesh.Now, _prng)!.Node;

    private static PeerId Pick(RouteFixture mesh, Prng prng) =>
        Router.Pick(mesh.Table, RouteFixture.Query, [], mesh.Now, prng)!.Node;

    private IEnumerable<PeerId> Picks(RouteFixture mesh, int count, params PeerId[] excluded) =>
        Enumerable.Range(0, count).Select(_ => Pick(mesh, excluded));
}
