using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Node.Serving;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Node.Tests.Serving;

public sealed class InferenceSessionTests
{
    private static readonly ServingLimits _limits = new();

    [Fact]
    public async Task An_accepted_prompt_is_answered_with_what_the_engine_says_and_the_slot_is_free_again()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAsync(Script.Answer(3), token));
        await using MeshConnection connection = await node.ConnectAsync();
        MessageStream<NodeRequest, NodeResponse> stream = await node.AskAsync(connection);

        Assert.Equal(Script.Answer(3), await node.ReadAllAsync(stream));
        Assert.Equal([ServingFixture.Prompt()], node.Engine.Prompts);
        await node.Desk.WhenIdleAsync().WaitAsync(node.Patience);
        Assert.Equal(2u, node.Desk.Report(out _).SlotsFree);
    }

    [Fact]
    public async Task A_refusal_is_the_whole_answer_and_carries_the_load()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAsync([], token));
        await using MeshConnection connection = await node.ConnectAsync();
        GenerateRequest prompt = ServingFixture.Prompt();
        prompt.Model = "huge";
        (MessageStream<NodeRequest, NodeResponse> stream, NodeResponse? answer) = await node.OfferAsync(connection, prompt);

        Assert.Equal(RefusalReason.ModelNotServed, answer?.Refused.Reason);
        Assert.Equal(2u, answer?.Refused.Load.SlotsFree);
        Assert.Null(await stream.ReadAsync(node.Patience));
        Assert.Empty(node.Engine.Prompts);
    }

    [Fact]
    public async Task A_malformed_offer_is_refused_as_such()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAsync([], token));
        await using MeshConnection connection = await node.ConnectAsync();
        Offer offer = ServingFixture.OfferOf(ServingFixture.Prompt());
        offer.Choices = InferenceLimits.ChoicesMax + 1;
        MessageStream<NodeRequest, NodeResponse> stream = await node.OpenAsync(connection, new NodeRequest { Offer = offer });

        Assert.Equal(RefusalReason.Malformed, (await stream.ReadAsync(node.Patience))?.Refused.Reason);
    }

    [Fact]
    public async Task When_slots_and_queue_are_full_an_offer_is_refused_with_a_time_to_come_back()
    {
        await using ServingFixture node = ServingFixture.Serving(
            static token => Script.SayAndHangAsync([Script.Delta(0)], token), slots: 1, queueMax: 1);
        await using MeshConnection connection = await node.ConnectAsync();
        _ = await node.AskAsync(connection);
        _ = await node.AskAsync(connection);
        (_, NodeResponse? answer) = await node.OfferAsync(connection, ServingFixture.Prompt());

        Assert.Equal(RefusalReason.QueueFull, answer?.Refused.Reason);
        Assert.True(answer?.Refused.RetryAfterMs > 0);
    }

    [Fact]
    public async Task A_queued_request_runs_when_the_one_before_it_ends()
    {
        TaskCompletionSource firstEnds = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ServingFixture node = ServingFixture.Serving(token => Script.SayWhenAsync(firstEnds.Task, Script.Answer(1), token), slots: 1);
        await using MeshConnection connection = await node.ConnectAsync();
        MessageStream<NodeRequest, NodeResponse> first = await node.AskAsync(connection);
        await node.Engine.WhenStartedAsync(node.Patience);
        MessageStream<NodeRequest, NodeResponse> second = await node.AskAsync(connection);
        Assert.Equal(1u, node.Desk.Report(out _).QueueDepth);
        firstEnds.SetResult();

        Assert.NotNull((await node.ReadAllAsync(first))[^1].End);
        Assert.NotNull((await node.ReadAllAsync(second))[^1].End);
    }

    [Fact]
    public async Task Resetting_the_stream_stops_the_engine_and_frees_the_slot()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAndHangAsync([Script.Delta(0)], token));
        await using MeshConnection connection = await node.ConnectAsync();
        MessageStream<NodeRequest, NodeResponse> stream = await node.AskAsync(connection);
        Assert.NotNull((await stream.ReadAsync(node.Patience))?.Delta);
        stream.Stream.Abort(StreamDirection.Both, (ulong)InferenceStreamError.Cancelled);

        await node.Engine.WhenLeftAsync(node.Patience);
        await node.Desk.WhenIdleAsync().WaitAsync(node.Patience);
    }

    [Fact]
    public async Task Losing_the_session_stops_the_engine_and_frees_every_slot()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAndHangAsync([Script.Delta(0)], token), slots: 1);
        MeshConnection connection = await node.ConnectAsync();
        _ = await node.AskAsync(connection);
        _ = await node.AskAsync(connection);
        await node.Engine.WhenStartedAsync(node.Patience);
        await connection.DisposeAsync();

        await node.Engine.WhenLeftAsync(node.Patience);
        await node.Desk.WhenIdleAsync().WaitAsync(node.Patience);
        Assert.Equal((1u, 0u), (node.Desk.Report(out _).SlotsFree, node.Desk.Report(out _).QueueDepth));
    }

    [Fact]
    public async Task A_prompt_that_was_not_offered_resets_the_stream_and_never_reaches_the_engine()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAsync(Script.Answer(1), token));
        await using MeshConnection connection = await node.ConnectAsync();
        Action<GenerateRequest>[] changes =
        [
            static prompt => prompt.Messages[0].Content = "a longer prompt than the one that was offered",
            static prompt => prompt.Choices = 2,
            static prompt => prompt.OutputTokensMax = 11,
            static prompt => prompt.Model = "other",
            static prompt => prompt.RequestId = ByteString.CopyFrom(Enumerable.Repeat((byte)7, 16).ToArray()),
        ];
        foreach (Action<GenerateRequest> change in changes)
        {
            (MessageStream<NodeRequest, NodeResponse> stream, _) = await node.OfferAsync(connection, ServingFixture.Prompt());
            GenerateRequest other = ServingFixture.Prompt();
            change(other);
            await stream.WriteAsync(new NodeRequest { Prompt = other }, node.Patience);
            MeshException reset = await Assert.ThrowsAsync<MeshException>(() => stream.ReadAsync(node.Patience).AsTask());
            Assert.Equal((ulong)InferenceStreamError.Violation, reset.Code);
        }

        Assert.Empty(node.Engine.Prompts);
        await node.Desk.WhenIdleAsync().WaitAsync(node.Patience);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_prompt_that_does_not_come_in_time_frees_the_slot(int beyondMs)
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAsync([], token));
        await using MeshConnection connection = await node.ConnectAsync();
        (MessageStream<NodeRequest, NodeResponse> stream, NodeResponse? answer) =
            await node.OfferAsync(connection, ServingFixture.Prompt());
        Assert.NotNull(answer?.Accepted);
        await node.Time.WhenArmedAsync(_limits.PromptMax);
        node.Time.Advance(_limits.PromptMax + TimeSpan.FromMilliseconds(beyondMs));

        MeshException reset = await Assert.ThrowsAsync<MeshException>(() => stream.ReadAsync(node.Patience).AsTask());
        Assert.Equal((ulong)InferenceStreamError.DeadlineExceeded, reset.Code);
        await node.Desk.WhenIdleAsync().WaitAsync(node.Patience);
    }

    [Fact]
    public async Task A_prompt_that_comes_just_in_time_is_answered()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAsync(Script.Answer(1), token));
        await using MeshConnection connection = await node.ConnectAsync();
        (MessageStream<NodeRequest, NodeResponse> stream, _) = await node.OfferAsync(connection, ServingFixture.Prompt());
        await node.Time.WhenArmedAsync(_limits.PromptMax);
        node.Time.Advance(_limits.PromptMax - TimeSpan.FromMilliseconds(1));
        await stream.WriteAsync(new NodeRequest { Prompt = ServingFixture.Prompt() }, node.Patience);

        Assert.Equal(InferenceFault.None, (await node.ReadAllAsync(stream))[^1].End.Fault);
    }

    [Fact]
    public async Task A_request_that_waits_for_a_slot_is_vouched_for()
    {
        await using ServingFixture node = ServingFixture.Serving(
            static token => Script.SayAndHangAsync([Script.Delta(0)], token), slots: 1);
        await using MeshConnection connection = await node.ConnectAsync();
        MessageStream<NodeRequest, NodeResponse> running = await node.AskAsync(connection);
        Assert.NotNull((await running.ReadAsync(node.Patience))?.Delta);
        MessageStream<NodeRequest, NodeResponse> waiting = await node.AskAsync(connection);
        for (int i = 0; i < 3; i++)
        {
            await node.PassAsync(TimeSpan.FromMilliseconds(InferenceLimits.ProgressMsMax));
            Assert.NotNull((await waiting.ReadAsync(node.Patience))?.Prefill);
        }
    }

    [Fact]
    public async Task An_engine_that_throws_ends_the_generation_without_its_words()
    {
        await using ServingFixture node = ServingFixture.Serving(static _ => Script.SayAndThrowAsync([Script.Delta(0)]));
        await using MeshConnection connection = await node.ConnectAsync();
        List<NodeResponse> read = await node.ReadAllAsync(await node.AskAsync(connection));

        Assert.Equal(InferenceFault.EngineFailed, read[^1].End.Fault);
        Assert.DoesNotContain("CANARY", read[^1].End.Detail, StringComparison.Ordinal);
        Assert.Equal("db_test", read[^1].End.Fingerprint);
        await node.Desk.WhenIdleAsync().WaitAsync(node.Patience);
    }

    [Fact]
    public async Task An_engine_that_stops_without_an_end_has_failed()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAsync([Script.Delta(0)], token));
        await using MeshConnection connection = await node.ConnectAsync();
        List<NodeResponse> read = await node.ReadAllAsync(await node.AskAsync(connection));

        Assert.Equal(InferenceFault.EngineFailed, read[^1].End.Fault);
    }

    [Fact]
    public async Task A_gateway_that_does_not_read_holds_up_its_own_request_alone()
    {
        int requests = 0;
        await using ServingFixture node = ServingFixture.Serving(token =>
            System.Threading.Interlocked.Increment(ref requests) == 1 ? Script.BabbleAsync(token) : Script.SayAsync(Script.Answer(50), token));
        await using MeshConnection connection = await node.ConnectAsync();
        MessageStream<NodeRequest, NodeResponse> unread = await node.AskAsync(connection);
        await node.Engine.WhenStartedAsync(node.Patience);

        // The second request runs to its end while nobody reads the first.
        Assert.NotNull((await node.ReadAllAsync(await node.AskAsync(connection)))[^1].End);
        await node.Engine.WhenLeftAsync(node.Patience);
        Assert.Equal(1u, node.Desk.Report(out _).Slots - node.Desk.Report(out _).SlotsFree);

        // And the first one has stopped asking its engine for more: what is unread is bounded by the stream's window.
        await node.Time.WhenArmedAsync(_limits.WriteMax);
        int held = node.Engine.Yielded;
        Assert.InRange(held, 1, 20_000);
        Assert.NotNull((await unread.ReadAsync(node.Patience))?.Delta);
    }

    [Fact]
    public async Task A_gateway_that_never_reads_loses_its_slot()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.BabbleAsync(token));
        await using MeshConnection connection = await node.ConnectAsync();
        _ = await node.AskAsync(connection);
        Task left = node.Engine.WhenLeftAsync(node.Patience);
        while (!left.IsCompleted)
        {
            // Writes that find room arm the same timer: only one that finds none waits for it.
            _ = await Task.WhenAny(left, node.Time.WhenArmedAsync(_limits.WriteMax));
            node.Time.Advance(_limits.WriteMax);
        }
        await left;
        await node.Desk.WhenIdleAsync().WaitAsync(node.Patience);
    }

    [Fact]
    public async Task A_gateway_that_reads_again_just_in_time_keeps_its_slot()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.BabbleAsync(token));
        await using MeshConnection connection = await node.ConnectAsync();
        MessageStream<NodeRequest, NodeResponse> stream = await node.AskAsync(connection);
        await node.Time.WhenArmedAsync(_limits.WriteMax);
        node.Time.Advance(_limits.WriteMax - TimeSpan.FromMilliseconds(1));

        for (int held = node.Engine.Yielded; held >= 0; held--)
        {
            Assert.NotNull((await stream.ReadAsync(node.Patience))?.Delta);
        }
    }

    [Fact]
    public async Task Draining_refuses_what_is_new_drops_what_waits_and_finishes_what_runs()
    {
        TaskCompletionSource ends = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ServingFixture node = ServingFixture.Serving(token => Script.SayWhenAsync(ends.Task, Script.Answer(2), token), slots: 1);
        await using MeshConnection connection = await node.ConnectAsync();
        MessageStream<NodeRequest, NodeResponse> running = await node.AskAsync(connection);
        await node.Engine.WhenStartedAsync(node.Patience);
        MessageStream<NodeRequest, NodeResponse> waiting = await node.AskAsync(connection);
        Task drained = node.Listener.DrainAsync();

        Assert.Equal(InferenceFault.Drained, (await node.ReadAllAsync(waiting))[^1].End.Fault);
        (_, NodeResponse? answer) = await node.OfferAsync(connection, ServingFixture.Prompt());
        Assert.Equal(RefusalReason.Draining, answer?.Refused.Reason);
        Assert.False(drained.IsCompleted);
        Assert.Equal((uint)_limits.DrainMax.TotalMilliseconds, (await running.ReadAsync(node.Patience))?.Draining?.GraceMs);
        ends.SetResult();
        Assert.Equal(InferenceFault.None, (await node.ReadAllAsync(running))[^1].End.Fault);
        await node.PassAsync(_limits.LingerMax);
        await drained.WaitAsync(node.Patience);
    }

    [Fact]
    public async Task What_ends_just_before_a_draining_node_loses_patience_ends_well()
    {
        TaskCompletionSource ends = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ServingFixture node = ServingFixture.Serving(token => Script.SayWhenAsync(ends.Task, Script.Answer(2), token));
        await using MeshConnection connection = await node.ConnectAsync();
        MessageStream<NodeRequest, NodeResponse> stream = await node.AskAsync(connection);
        await node.Engine.WhenStartedAsync(node.Patience);
        Task drained = node.Listener.DrainAsync();
        await node.Time.WhenArmedAsync(_limits.DrainMax);
        node.Time.Advance(_limits.DrainMax - TimeSpan.FromMilliseconds(1));
        ends.SetResult();

        Assert.Equal(InferenceFault.None, (await node.ReadAllAsync(stream))[^1].End.Fault);
        await node.PassAsync(_limits.LingerMax);
        await drained.WaitAsync(node.Patience);
    }

    [Fact]
    public async Task An_engine_that_does_not_let_go_keeps_a_draining_node_no_longer_than_it_may()
    {
        // The default is as long as the pause between two messages of progress, whose timer would be taken for this one.
        ServingLimits limits = _limits with { CancelMax = _limits.CancelMax - TimeSpan.FromSeconds(1) };
        TaskCompletionSource letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ServingFixture node = ServingFixture.Serving(_ => Script.SayDeafWhenAsync(letGo.Task, Script.Answer(1)), limits);
        await using MeshConnection connection = await node.ConnectAsync();
        _ = await node.AskAsync(connection);
        await node.Engine.WhenStartedAsync(node.Patience);
        Task drained = node.Listener.DrainAsync();
        await node.PassAsync(limits.DrainMax);
        await node.PassAsync(limits.CancelMax);
        await node.PassAsync(limits.LingerMax);

        await drained.WaitAsync(node.Patience);
        letGo.SetResult();
    }

    [Fact]
    public async Task What_runs_longer_than_a_draining_node_waits_ends_as_drained()
    {
        await using ServingFixture node = ServingFixture.Serving(
            static token => Script.SayAndHangAsync([Script.Delta(0)], token));
        await using MeshConnection connection = await node.ConnectAsync();
        MessageStream<NodeRequest, NodeResponse> stream = await node.AskAsync(connection);
        Assert.NotNull((await stream.ReadAsync(node.Patience))?.Delta);
        Task drained = node.Listener.DrainAsync();
        await node.PassAsync(_limits.DrainMax);
        await node.PassAsync(_limits.LingerMax);
        await drained.WaitAsync(node.Patience);

        Assert.Equal(InferenceFault.Drained, (await node.ReadAllAsync(stream))[^1].End.Fault);
        await node.Engine.WhenLeftAsync(node.Patience);
    }

    [Fact]
    public async Task A_gateway_that_moves_a_request_away_from_a_draining_node_frees_its_engine()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAndHangAsync([Script.Delta(0)], token));
        await using MeshConnection connection = await node.ConnectAsync();
        MessageStream<NodeRequest, NodeResponse> stream = await node.AskAsync(connection);
        Assert.NotNull((await stream.ReadAsync(node.Patience))?.Delta);
        Task drained = node.Listener.DrainAsync();
        Assert.NotNull((await stream.ReadAsync(node.Patience))?.Draining);

        stream.Stream.Abort(StreamDirection.Both, (ulong)InferenceStreamError.Cancelled);

        await node.Engine.WhenLeftAsync(node.Patience);
        await node.PassAsync(_limits.LingerMax);
        await drained.WaitAsync(node.Patience);
    }

    [Fact]
    public async Task An_owner_who_returns_gets_the_engine_back_in_time_and_the_node_serves_again_later()
    {
        await using ServingFixture node = ServingFixture.Serving(static token => Script.SayAndHangAsync([Script.Delta(0)], token));
        await using MeshConnection connection = await node.ConnectAsync();
        for (int round = 0; round < 2; round++)
        {
            MessageStream<NodeRequest, NodeResponse> stream = await node.AskAsync(connection);
            Assert.NotNull((await stream.ReadAsync(node.Patience))?.Delta);
            Task paused = node.Listener.PauseAsync();
            Assert.Equal((uint)_limits.YieldMax.TotalMilliseconds, (await stream.ReadAsync(node.Patience))?.Draining?.GraceMs);
            (_, NodeResponse? answer) = await node.OfferAsync(connection, ServingFixture.Prompt());
            Assert.Equal(RefusalReason.OwnerActive, answer?.Refused.Reason);

            await node.PassAsync(_limits.YieldMax);
            Assert.Equal(InferenceFault.Drained, (await node.ReadAllAsync(stream))[^1].End.Fault);
            await paused.WaitAsync(node.Patience);
            await node.Engine.WhenLeftAsync(node.Patience);
            node.Listener.Resume();
        }
    }
}
