using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Mesh.Tests.Routing;

public sealed class RouteLeaseTests
{
    private static readonly TimeSpan _time = TimeSpan.FromSeconds(3);
    private readonly Prng _prng = new(7);

    [Theory]
    [InlineData(0u, 1u, false)]
    [InlineData(1u, 0u, false)]
    [InlineData(1u, 1u, true)]
    [InlineData(1u, 5_000u, true)]
    [InlineData(1u, 5_001u, false)]
    public void A_lease_is_read_within_its_limits(uint id, uint ttlMs, bool reads)
    {
        Assert.Equal(reads, NodeLease.TryRead(new SlotLease { Id = id, TtlMs = ttlMs }, out NodeLease lease));
        Assert.Equal(reads ? new NodeLease(id, TimeSpan.FromMilliseconds(ttlMs)) : default, lease);
        Assert.False(NodeLease.TryRead(null, out _));
    }

    [Fact]
    public void A_node_that_keeps_a_slot_is_found_among_many_that_do_not()
    {
        RouteFixture mesh = Loaded(200, free: 1);
        Lease(mesh, mesh.Nodes[123]);

        Assert.All(Picks(mesh, 50), picked => Assert.Equal(mesh.Nodes[123], picked));
    }

    [Fact]
    public void Several_that_keep_slots_share_the_requests()
    {
        RouteFixture mesh = Loaded(100, free: 1);
        PeerId[] keepers = mesh.Nodes[..8];
        Array.ForEach(keepers, node => Lease(mesh, node));

        HashSet<PeerId> picked = [.. Picks(mesh, 200)];
        Assert.Equal(keepers.Order(), picked.Order());
    }

    [Fact]
    public void A_kept_slot_counts_as_free_although_the_report_says_that_it_is_taken()
    {
        RouteFixture mesh = Loaded(2, free: 0);
        Lease(mesh, mesh.Nodes[0]);

        Assert.True(Router.Cost(mesh.RouteOf(mesh.Nodes[0]), RouteFixture.Query, mesh.Now)
            < Router.Cost(mesh.RouteOf(mesh.Nodes[1]), RouteFixture.Query, mesh.Now));
        Assert.False(Router.Cost(mesh.RouteOf(mesh.Nodes[0]), RouteFixture.Query with { IsBatch = true }, mesh.Now)
            < Router.Cost(mesh.RouteOf(mesh.Nodes[1]), RouteFixture.Query with { IsBatch = true }, mesh.Now));
    }

    [Fact]
    public void Slots_that_are_kept_for_others_count_as_taken()
    {
        NodeLoad load = new() { Sequence = 1, State = ServingState.Serving, Slots = 4, SlotsFree = 3, SlotsLeased = 2, QueueDepth = 0, QueueMax = 4 };

        Assert.Equal(3, load.Busy);
    }

    [Fact]
    public void A_node_that_is_much_slower_than_another_is_not_asked_because_it_keeps_a_slot()
    {
        RouteFixture mesh = new(4);
        foreach (PeerId node in mesh.Nodes)
        {
            mesh.Load(node, decode: node == mesh.Nodes[0] ? 2 : 60);
        }

        Lease(mesh, mesh.Nodes[0]);
        Assert.All(Picks(mesh, 50), picked => Assert.NotEqual(mesh.Nodes[0], picked));
    }

    [Fact]
    public void The_node_that_has_the_conversation_goes_before_one_that_keeps_a_slot()
    {
        RouteFixture mesh = Loaded(4, free: 1);
        Lease(mesh, mesh.Nodes[0]);

        Assert.Equal(mesh.Nodes[2], Pick(mesh, RouteFixture.Query with { Preferred = mesh.Nodes[2] }));
    }

    [Fact]
    public void An_excluded_node_is_not_asked_although_it_keeps_a_slot()
    {
        RouteFixture mesh = Loaded(3, free: 1);
        Lease(mesh, mesh.Nodes[0]);

        Assert.NotEqual(mesh.Nodes[0], Router.Pick(mesh.Table, RouteFixture.Query, [mesh.Nodes[0]], mesh.Now, _prng)!.Node);
    }

    [Fact]
    public void A_lease_ends_early_enough_for_the_offer_to_be_in_time()
    {
        RouteFixture mesh = Loaded(2, free: 1);
        Lease(mesh, mesh.Nodes[0]);
        mesh.Advance(_time - RouteFixture.Rtt - TimeSpan.FromMicroseconds(1));
        Assert.True(mesh.RouteOf(mesh.Nodes[0]).IsLeased(mesh.Now));
        mesh.Advance(TimeSpan.FromMicroseconds(1));
        Assert.False(mesh.RouteOf(mesh.Nodes[0]).IsLeased(mesh.Now));
        Assert.Empty(mesh.Book.TakeLeases(mesh.Now, mesh.Nodes[0], 1));
        Assert.Null(mesh.RouteOf(mesh.Nodes[0]).LeasedUntil);
    }

    [Fact]
    public void A_lease_that_is_over_when_it_comes_is_ignored()
    {
        RouteFixture mesh = Loaded(1, free: 1);
        mesh.Book.OnLease(mesh.Now, mesh.Nodes[0], new NodeLease(1, RouteFixture.Rtt));

        Assert.Null(mesh.RouteOf(mesh.Nodes[0]).LeasedUntil);
    }

    [Fact]
    public void A_lease_is_taken_once_and_the_one_that_ends_first_goes_first()
    {
        RouteFixture mesh = Loaded(1, free: 1);
        PeerId node = mesh.Nodes[0];
        mesh.Book.OnLease(mesh.Now, node, new NodeLease(1, _time));
        mesh.Book.OnLease(mesh.Now, node, new NodeLease(2, _time / 2));
        mesh.Book.OnLease(mesh.Now, node, new NodeLease(3, _time));

        Assert.Equal([2ul], mesh.Book.TakeLeases(mesh.Now, node, 1).ToArray());
        Assert.Equal([1ul, 3ul], mesh.Book.TakeLeases(mesh.Now, node, 8).ToArray());
        Assert.Empty(mesh.Book.TakeLeases(mesh.Now, node, 1));
        Assert.False(mesh.RouteOf(node).IsLeased(mesh.Now));
        Assert.Empty(mesh.Table.LeasedOf(RouteFixture.Model).ToArray());
    }

    [Fact]
    public void A_lease_that_is_named_twice_is_held_once()
    {
        RouteFixture mesh = Loaded(1, free: 1);
        Lease(mesh, mesh.Nodes[0], id: 9);
        Lease(mesh, mesh.Nodes[0], id: 9);

        Assert.Equal([9ul], mesh.Book.TakeLeases(mesh.Now, mesh.Nodes[0], 8).ToArray());
    }

    [Fact]
    public void A_node_that_hands_out_more_than_it_can_have_costs_no_memory()
    {
        RouteFixture mesh = Loaded(1, free: 1);
        for (ulong id = 1; id <= RouteBook.LeasesPerNodeMax + 1; id++)
        {
            Lease(mesh, mesh.Nodes[0], id);
        }

        Assert.Equal(RouteBook.LeasesPerNodeMax, mesh.Book.TakeLeases(mesh.Now, mesh.Nodes[0], int.MaxValue).Length);
    }

    [Theory]
    [InlineData(RefusalReason.QueueFull, false)]
    [InlineData(RefusalReason.OwnerActive, false)]
    [InlineData(RefusalReason.ContextLengthExceeded, true)]
    [InlineData(RefusalReason.Unsupported, true)]
    public void A_node_without_room_keeps_nothing_whatever_it_said(RefusalReason reason, bool isKept)
    {
        RouteFixture mesh = Loaded(1, free: 1);
        Lease(mesh, mesh.Nodes[0]);
        mesh.Note(mesh.Nodes[0], RouteNoteKind.Asked);
        mesh.Note(mesh.Nodes[0], RouteNoteKind.Refused, reason);

        Assert.Equal(isKept, mesh.RouteOf(mesh.Nodes[0]).IsLeased(mesh.Now));
    }

    [Fact]
    public void Leases_end_with_the_session_and_none_is_taken_from_a_node_without_one()
    {
        RouteFixture mesh = Loaded(1, free: 1);
        Lease(mesh, mesh.Nodes[0]);
        mesh.Book.OnDisconnected(mesh.Nodes[0]);
        Assert.Empty(mesh.Book.TakeLeases(mesh.Now, mesh.Nodes[0], 1));
        Lease(mesh, mesh.Nodes[0]);
        mesh.Book.OnConnected(mesh.Nodes[0], RouteFixture.Rtt);

        Assert.Empty(mesh.Book.TakeLeases(mesh.Now, mesh.Nodes[0], 1));
        Assert.Empty(mesh.Book.TakeLeases(mesh.Now, new PeerId(default), 1));
    }

    [Fact]
    public void Picking_among_kept_slots_allocates_nothing()
    {
        RouteFixture mesh = Loaded(100, free: 1);
        Array.ForEach(mesh.Nodes[..20], node => Lease(mesh, node));
        RouteTable table = mesh.Table;
        _ = Pick(mesh, RouteFixture.Query);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            _ = Router.Pick(table, RouteFixture.Query, [], mesh.Now, _prng);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static RouteFixture Loaded(int nodes, int free)
    {
        RouteFixture mesh = new(nodes);
        Array.ForEach(mesh.Nodes, node => mesh.Load(node, free: free));
        return mesh;
    }

    private static void Lease(RouteFixture mesh, PeerId node, ulong id = 1) => mesh.Book.OnLease(mesh.Now, node, new NodeLease(id, _time));

    private PeerId Pick(RouteFixture mesh, RouteQuery query) => Router.Pick(mesh.Table, query, [], mesh.Now, _prng)!.Node;

    private List<PeerId> Picks(RouteFixture mesh, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => Pick(mesh, RouteFixture.Query))];
}
