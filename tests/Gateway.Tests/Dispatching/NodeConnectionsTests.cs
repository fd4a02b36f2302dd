using System.Linq;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.Dispatching;

public sealed class NodeConnectionsTests
{
    [Fact]
    public async Task Listed_nodes_are_dialled_and_their_load_reaches_the_routes()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(static stream => stream.HangAsync());
        await mesh.Connections.AnyConnected.WaitAsync(mesh.Patience);
        Assert.Equal(4, mesh.RouteOf(mesh.Nodes[0]).Load!.Value.SlotsFree);

        mesh.Nodes[0].Load = new LoadReport { State = ServingState.Paused, Slots = 4, SlotsFree = 1, QueueMax = 4 };
        await mesh.UntilAsync(static routes => routes[0].State == ServingState.Paused);
        Assert.Equal(1, mesh.RouteOf(mesh.Nodes[0]).Load!.Value.SlotsFree);
    }

    [Fact]
    public async Task A_session_outranks_the_directory_until_it_ends()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(static stream => stream.HangAsync());
        mesh.Connections.OnDirectory([]);
        Assert.True(mesh.RouteOf(mesh.Nodes[0]).IsConnected);
        Assert.Equal("tiny", Assert.Single(mesh.Connections.Models).Id);

        await mesh.Nodes[0].DisposeAsync();
        await mesh.UntilAsync(static routes => routes.IsEmpty);
        Assert.Empty(mesh.Connections.Models);
        _ = await Assert.ThrowsAsync<MeshException>(() => mesh.Connections.ConnectAsync(mesh.Nodes[0].Id, mesh.Patience));
    }

    [Fact]
    public async Task A_node_that_sends_no_load_report_on_its_load_stream_loses_its_session()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(static stream => stream.HangAsync());
        mesh.Nodes[0].Load = new LoadReport { State = ServingState.Serving, Slots = 1, SlotsFree = 2 };

        await mesh.UntilAsync(static routes => !routes[0].IsConnected);
    }

    [Fact]
    public async Task A_node_that_nobody_answers_for_rests()
    {
        await using ClientFixture mesh = new();
        TestNode node = mesh.Add(static stream => stream.HangAsync());
        DirectoryEntry entry = node.Entry();
        entry.Card.Endpoints.Clear();
        mesh.Connections.OnDirectory([entry]);

        await mesh.UntilAsync(static routes => routes[0].OutUntil is not null);
        Assert.False(mesh.RouteOf(node).IsConnected);
    }

    [Fact]
    public async Task A_node_that_moved_is_dialled_again_at_once()
    {
        await using ClientFixture mesh = new();
        TestNode node = mesh.Add(static stream => stream.HangAsync());
        DirectoryEntry entry = node.Entry();
        entry.Card.Endpoints.Clear();
        mesh.Connections.OnDirectory([entry]);
        await mesh.UntilAsync(static routes => routes[0].OutUntil is not null);
        DirectoryEntry moved = node.Entry();
        moved.Card.Epoch++;
        mesh.Connections.OnDirectory([moved]);

        await mesh.UntilAsync(static routes => routes[0].IsConnected && routes[0].OutUntil is null);
    }

    [Fact]
    public async Task Models_say_how_many_nodes_serve_them_and_what_these_agree_on()
    {
        await using ClientFixture mesh = new();
        DirectoryEntry small = mesh.Add(static stream => stream.HangAsync()).Entry(contextTokens: 100);
        DirectoryEntry large = mesh.Add(static stream => stream.HangAsync()).Entry(contextTokens: 200);
        DirectoryEntry other = mesh.Add(static stream => stream.HangAsync()).Entry(model: "another");
        small.Card.Models[0].Fingerprint = large.Card.Models[0].Fingerprint = "db_1";
        large.Card.Models[0].Tools = true;
        mesh.Connections.OnDirectory([small, large, other]);

        Assert.Equal(["another", "tiny"], mesh.Connections.Models.Select(static model => model.Id));
        ServedModel tiny = mesh.Connections.Models[1];
        Assert.Equal((200u, 2, 0, ModelCapabilities.Chat | ModelCapabilities.Tools, "db_1"), (tiny.ContextTokens, tiny.Nodes, tiny.AttestedNodes, tiny.Capabilities, tiny.Fingerprint));

        small.Card.Models[0].Fingerprint = "db_2";
        mesh.Connections.OnDirectory([small, large, other]);
        Assert.Null(mesh.Connections.Models[1].Fingerprint);
    }

    [Fact]
    public async Task A_lease_draws_the_next_request_to_its_node_and_is_named_in_one_offer()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(AnswerAsync, AnswerAsync, AnswerAsync);
        TestNode keeper = mesh.Nodes[1];
        keeper.Lease = new SlotLease { Id = 77, TtlMs = InferenceLimits.LeaseMsMax };
        keeper.Load = keeper.Load;
        await mesh.UntilAsync(static routes => routes.ToArray().Any(static route => route.LeasedUntil is not null));
        _ = await mesh.AskAsync();
        Assert.Equal([77ul], Assert.Single(keeper.Offers).Leases);
        Assert.Null(mesh.RouteOf(keeper).LeasedUntil);
        _ = await mesh.AskAsync();

        Assert.Single(mesh.Nodes.SelectMany(static node => node.Offers), static offer => offer.Leases.Count > 0);
    }

    [Theory]
    [InlineData(0u, 1_000u)]
    [InlineData(1u, 0u)]
    [InlineData(1u, (uint)InferenceLimits.LeaseMsMax + 1)]
    public async Task A_node_that_hands_out_what_is_no_lease_loses_its_session(uint id, uint ttlMs)
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(static stream => stream.HangAsync());
        mesh.Nodes[0].Lease = new SlotLease { Id = id, TtlMs = ttlMs };
        mesh.Nodes[0].Load = mesh.Nodes[0].Load;

        await mesh.UntilAsync(static routes => !routes[0].IsConnected);
    }

    private static async Task AnswerAsync(NodeStream stream)
    {
        _ = await stream.AcceptAsync();
        await stream.TokenAsync(0);
        await stream.EndAsync(tokens: 1);
    }
}
