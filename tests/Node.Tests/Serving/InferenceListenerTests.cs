using System;
using System.Threading.Tasks;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Transport;
using Darkbloom.Node.Serving;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Darkbloom.Tests.Support;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Node.Tests.Serving;

public sealed class InferenceListenerTests
{
    [Fact]
    public async Task A_peer_whose_ticket_names_no_gateway_is_turned_away()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAsync(Script.Answer(1), token));
        (Member member, MeshConnection connection) = await node.ConnectAsAsync(PeerRoles.Node);
        await using (member)
        {
            MeshCloseReason reason = await connection.Closed.WaitAsync(node.Patience);
            Assert.Equal((ulong)InferenceStreamError.NotPermitted, reason.Code);
        }
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, false)]
    [InlineData(1, false)]
    public async Task A_stream_that_says_nothing_in_time_is_reset(int beyondMs, bool isServed)
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAsync([], token));
        await using MeshConnection connection = await node.ConnectAsync();
        await using MeshStream stream = await connection.OpenStreamAsync(StreamPriority.Prompts, node.Patience);
        byte[] message = new NodeRequest { Offer = ServingFixture.OfferOf(ServingFixture.Prompt()) }.ToByteArray();
        byte[] framed = [0, 0, 0, (byte)message.Length, .. message];
        await stream.WriteAsync(framed.AsMemory(0, 2), node.Patience);
        TimeSpan limit = new ServingLimits().FirstMessageMax;
        await node.Time.WhenArmedAsync(limit);
        node.Time.Advance(limit + TimeSpan.FromMilliseconds(beyondMs));
        if (isServed)
        {
            await stream.WriteAsync(framed.AsMemory(2), node.Patience);
            Assert.NotEqual(0, await stream.ReadAsync(new byte[1], node.Patience));
        }
        else
        {
            _ = await Assert.ThrowsAsync<MeshException>(() => stream.ReadAsync(new byte[1], node.Patience).AsTask());
        }
    }

    [Fact]
    public async Task A_first_message_that_is_none_resets_the_stream_and_the_session_lives_on()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAsync(Script.Answer(1), token));
        await using MeshConnection connection = await node.ConnectAsync();
        NodeRequest[] wrong = [new(), new() { Prompt = ServingFixture.Prompt() }];
        foreach (NodeRequest first in wrong)
        {
            MessageStream<NodeRequest, NodeResponse> stream = await node.OpenAsync(connection, first);
            MeshException reset = await Assert.ThrowsAsync<MeshException>(() => stream.ReadAsync(node.Patience).AsTask());
            Assert.Equal((ulong)InferenceStreamError.Violation, reset.Code);
        }

        Assert.NotNull((await node.ReadAllAsync(await node.AskAsync(connection)))[^1].End);
    }

    [Fact]
    public async Task Random_bytes_on_streams_harm_nobody()
    {
        await using ServingFixture node = ServingFixture.Serving(
            static token => Script.SayAsync(Script.Answer(1), token), new ServingLimits { StreamsPerConnectionMax = 1000 });
        await using MeshConnection connection = await node.ConnectAsync();
        Prng prng = new(3);
        for (int round = 0; round < 200; round++)
        {
            await using MeshStream stream = await connection.OpenStreamAsync(StreamPriority.Prompts, node.Patience);
            byte[] bytes = new byte[prng.Next(60)];
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)prng.Next(256);
            }

            // Half of them announce their true length, so that what follows is parsed as a message.
            if (bytes.Length >= 4 && prng.Chance(1, 2))
            {
                (bytes[0], bytes[1], bytes[2], bytes[3]) = (0, 0, 0, (byte)(bytes.Length - 4));
            }

            await stream.WriteAsync(bytes, node.Patience);
            stream.CompleteWrites();
        }

        Assert.NotNull((await node.ReadAllAsync(await node.AskAsync(connection)))[^1].End);
        await node.Desk.WhenIdleAsync().WaitAsync(node.Patience);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_session_has_as_many_streams_as_it_may_and_the_next_is_reset(int streamsMax)
    {
        await using ServingFixture node = ServingFixture.Serving(
            static token => Script.SayAndHangAsync([Script.Delta(0)], token),
            new ServingLimits { StreamsPerConnectionMax = streamsMax }, slots: 8);
        await using MeshConnection connection = await node.ConnectAsync();
        for (int i = 0; i < streamsMax; i++)
        {
            _ = await node.AskAsync(connection);
        }

        MessageStream<NodeRequest, NodeResponse> beyond =
            new(await connection.OpenStreamAsync(StreamPriority.Prompts, node.Patience));
        await beyond.WriteAsync(new NodeRequest { LoadSubscription = new LoadSubscription() }, node.Patience);
        MeshException reset = await Assert.ThrowsAsync<MeshException>(() => beyond.ReadAsync(node.Patience).AsTask());
        Assert.Equal((ulong)InferenceStreamError.TooMany, reset.Code);
    }

    [Fact]
    public async Task All_sessions_together_have_as_many_streams_as_they_may()
    {
        await using ServingFixture node = ServingFixture.Serving(
            static token => Script.SayAndHangAsync([Script.Delta(0)], token), new ServingLimits { StreamsMax = 1 });
        await using MeshConnection first = await node.ConnectAsync();
        _ = await node.AskAsync(first);
        (Member member, MeshConnection second) = await node.ConnectAsAsync(PeerRoles.Gateway);
        await using (member)
        {
            MessageStream<NodeRequest, NodeResponse> beyond =
                await node.OpenAsync(second, new NodeRequest { LoadSubscription = new LoadSubscription() });
            MeshException reset = await Assert.ThrowsAsync<MeshException>(() => beyond.ReadAsync(node.Patience).AsTask());
            Assert.Equal((ulong)InferenceStreamError.TooMany, reset.Code);
        }
    }

    [Fact]
    public async Task A_node_has_as_many_sessions_as_it_may_and_the_next_is_closed()
    {
        await using ServingFixture node = ServingFixture.Serving(
            static token => Script.SayAsync(Script.Answer(1), token), new ServingLimits { ConnectionsMax = 1 });
        await using MeshConnection first = await node.ConnectAsync();
        Assert.NotNull((await node.ReadAllAsync(await node.AskAsync(first)))[^1].End);
        (Member member, MeshConnection second) = await node.ConnectAsAsync(PeerRoles.Gateway);
        await using (member)
        {
            MeshCloseReason reason = await second.Closed.WaitAsync(node.Patience);
            Assert.Equal((ulong)InferenceStreamError.TooMany, reason.Code);
        }
    }

    [Fact]
    public async Task Load_is_reported_at_once_and_whenever_it_changes()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAndHangAsync([Script.Delta(0)], token));
        await using MeshConnection connection = await node.ConnectAsync();
        MessageStream<NodeRequest, NodeResponse> load =
            await node.OpenAsync(connection, new NodeRequest { LoadSubscription = new LoadSubscription() });
        LoadReport first = (await load.ReadAsync(node.Patience))!.Load;
        Assert.Equal((2u, 2u, ServingState.Serving), (first.Slots, first.SlotsFree, first.State));
        Assert.Equal((100f, 10f), (first.PrefillTokensPerSecond, first.DecodeTokensPerSecond));

        _ = await node.AskAsync(connection);
        await node.PassAsync(new ServingLimits().ReportMin);
        LoadReport second = (await load.ReadAsync(node.Patience))!.Load;
        Assert.Equal(1u, second.SlotsFree);
        Assert.True(second.Sequence > first.Sequence);
        Assert.NotNull((await load.ReadAsync(node.Patience))!.Lease);
        node.Desk.SetState(ServingState.Paused);
        await node.PassAsync(new ServingLimits().ReportMin);
        Assert.Equal(ServingState.Paused, (await load.ReadAsync(node.Patience))!.Load.State);
    }

    [Fact]
    public async Task Load_is_reported_again_when_nothing_has_changed_for_as_long_as_a_gateway_waits()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAsync([], token));
        await using MeshConnection connection = await node.ConnectAsync();
        MessageStream<NodeRequest, NodeResponse> load =
            await node.OpenAsync(connection, new NodeRequest { LoadSubscription = new LoadSubscription() });
        ulong first = (await load.ReadAsync(node.Patience))!.Load.Sequence;
        TimeSpan shortest = new ServingLimits().ReportMin;
        await node.PassAsync(shortest);
        await node.PassAsync(TimeSpan.FromMilliseconds(InferenceLimits.LoadReportMsMax) - shortest);

        Assert.Equal(first + 1, (await load.ReadAsync(node.Patience))!.Load.Sequence);
    }

    [Fact]
    public async Task A_gateway_that_was_served_is_told_of_a_slot_that_is_kept_for_it()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAndHangAsync([Script.Delta(0)], token));
        await using MeshConnection connection = await node.ConnectAsync();
        MessageStream<NodeRequest, NodeResponse> load =
            await node.OpenAsync(connection, new NodeRequest { LoadSubscription = new LoadSubscription() });
        Assert.NotNull((await load.ReadAsync(node.Patience))!.Load);
        _ = await node.AskAsync(connection);
        await node.PassAsync(new ServingLimits().ReportMin);
        Assert.Equal(1u, (await load.ReadAsync(node.Patience))!.Load.SlotsLeased);
        SlotLease lease = (await load.ReadAsync(node.Patience))!.Lease;
        Assert.InRange(lease.TtlMs, 1u, (uint)InferenceLimits.LeaseMsMax);

        Offer offer = ServingFixture.OfferOf(ServingFixture.Prompt());
        offer.Leases.Add(lease.Id);
        MessageStream<NodeRequest, NodeResponse> stream = await node.OpenAsync(connection, new NodeRequest { Offer = offer });
        LoadReport accepted = (await stream.ReadAsync(node.Patience))!.Accepted.Load;
        Assert.Equal((0u, 0u, 0u), (accepted.SlotsFree, accepted.SlotsLeased, accepted.QueueDepth));
    }

    [Fact]
    public async Task What_is_kept_for_a_gateway_is_free_when_it_listens_no_more()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAndHangAsync([Script.Delta(0)], token));
        await using MeshConnection connection = await node.ConnectAsync();
        MessageStream<NodeRequest, NodeResponse> load =
            await node.OpenAsync(connection, new NodeRequest { LoadSubscription = new LoadSubscription() });
        Assert.NotNull((await load.ReadAsync(node.Patience))!.Load);
        _ = await node.AskAsync(connection);
        LoadReport kept = node.Desk.Report(out ulong version);
        Assert.Equal(1u, kept.SlotsLeased);
        Task changed = node.Desk.WhenChangedAsync(version);
        load.Stream.Abort(StreamDirection.Both, (ulong)InferenceStreamError.Cancelled);
        await changed.WaitAsync(node.Patience);

        Assert.Equal((1u, 0u), (node.Desk.Report(out _).SlotsFree, node.Desk.Report(out _).SlotsLeased));
    }
}
