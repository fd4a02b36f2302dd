using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Routing;
using Darkbloom.Mesh.Tests.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Mesh.Tests.Dispatch;

public sealed class DispatchTests
{
    private static readonly DispatchPolicy _policy = new();
    private static readonly TimeSpan _tick = TimeSpan.FromTicks(1);

    [Fact]
    public void A_request_that_meets_no_fault_is_offered_accepted_streamed_and_completed()
    {
        DispatchHarness run = new(nodes: 1);

        Assert.Equal(DispatchActionKind.Offer, run.Start().Kind);
        Assert.Equal(run.Mesh.Nodes[0], run.Target);
        Assert.Equal(0, run.Request.Exposure);
        Assert.Equal(DispatchActionKind.SendPrompt, run.Accept().Kind);
        Assert.Equal(DispatchActionKind.Deliver, run.Progress().Kind);
        Assert.Equal(DispatchActionKind.Deliver, run.Token().Kind);
        Assert.Equal(DispatchActionKind.Deliver, run.Token().Kind);
        Assert.Equal(DispatchActionKind.Complete, run.End().Kind);
        Assert.Equal(InferenceOutcome.Completed, run.Request.Outcome);
        Assert.Equal(1, run.Request.Exposure);
        Assert.Null(run.Request.Deadline);
        Assert.Equal([RouteNoteKind.Asked, RouteNoteKind.Served], run.Notes);
    }

    [Fact]
    public void An_answer_may_be_empty()
    {
        DispatchHarness run = new(nodes: 1);
        run.Start();
        run.Accept();

        Assert.Equal(DispatchActionKind.Complete, run.End().Kind);
    }

    [Fact]
    public void A_refused_request_goes_to_another_node_and_is_exposed_once()
    {
        DispatchHarness run = new(nodes: 2);
        run.Start();
        PeerId first = run.Target;

        Assert.Equal(DispatchActionKind.Offer, run.Refuse(RefusalReason.QueueFull).Kind);
        Assert.NotEqual(first, run.Target);
        run.Accept();
        Assert.Equal(1, run.Request.Exposure);
        Assert.Equal([RouteNoteKind.Asked, RouteNoteKind.Refused, RouteNoteKind.Rerouted], run.Notes);
    }

    [Theory]
    [InlineData("unreachable", RouteNoteKind.Unreachable)]
    [InlineData("lost", RouteNoteKind.Unreachable)]
    [InlineData("violation", RouteNoteKind.Violated)]
    [InlineData("timeout", RouteNoteKind.Unreachable)]
    public void A_fault_before_the_node_answers_is_retried_elsewhere(string fault, RouteNoteKind note)
    {
        DispatchHarness run = new(nodes: 2);
        run.Start();

        Assert.Equal(DispatchActionKind.Offer, run.Fault(fault).Kind);
        Assert.Equal([RouteNoteKind.Asked, note, RouteNoteKind.Retried], run.Notes);
        Assert.Equal(0, run.Request.Exposure);
    }

    [Theory]
    [InlineData("lost", RouteNoteKind.Lost)]
    [InlineData("violation", RouteNoteKind.Violated)]
    [InlineData("timeout", RouteNoteKind.Wedged)]
    [InlineData("engine", RouteNoteKind.EngineFailed)]
    public void A_fault_before_the_first_token_is_retried_elsewhere(string fault, RouteNoteKind note)
    {
        DispatchHarness run = new(nodes: 2);
        run.Start();
        run.Accept();
        run.Progress();

        Assert.Equal(DispatchActionKind.Offer, run.Fault(fault).Kind);
        Assert.Equal([RouteNoteKind.Asked, note, RouteNoteKind.Retried], run.Notes);
        run.Accept();
        Assert.Equal(2, run.Request.Exposure);
    }

    [Theory]
    [InlineData("lost", InferenceOutcome.PeerLost)]
    [InlineData("violation", InferenceOutcome.ProtocolViolation)]
    [InlineData("timeout", InferenceOutcome.PeerLost)]
    [InlineData("engine", InferenceOutcome.EngineFailed)]
    [InlineData("drained", InferenceOutcome.PeerLost)]
    public void A_fault_after_the_first_token_ends_the_request(string fault, InferenceOutcome outcome)
    {
        DispatchHarness run = new(nodes: 5);
        run.Start();
        run.Accept();
        run.Token();

        Assert.Equal(DispatchActionKind.Fail, run.Fault(fault).Kind);
        Assert.Equal(outcome, run.Request.Outcome);
        Assert.Equal(1, run.Request.Offers);
    }

    [Fact]
    public void What_is_the_clients_fault_is_not_tried_elsewhere()
    {
        DispatchHarness run = new(nodes: 5);
        run.Start();
        run.Accept();

        Assert.Equal(DispatchActionKind.Fail, run.End(InferenceFault.InvalidRequest).Kind);
        Assert.Equal(InferenceOutcome.InvalidRequest, run.Request.Outcome);
        Assert.Equal(1, run.Request.Exposure);
    }

    [Fact]
    public void A_prompt_that_is_too_long_for_one_node_goes_only_to_nodes_with_a_larger_context()
    {
        RouteFixture mesh = new(0);
        mesh.Entries.AddRange([
            RouteFixture.Entry(1, 1000), RouteFixture.Entry(2, 1000), RouteFixture.Entry(3, 1001)]);
        mesh.Book.OnDirectory(NodeCard.ReadAll(mesh.Entries));
        mesh.Book.OnConnected(RouteFixture.IdOf(mesh.Entries[0]), RouteFixture.Rtt);
        DispatchHarness run = new(mesh);
        run.Start();
        Assert.Equal(RouteFixture.IdOf(mesh.Entries[0]), run.Target);

        Assert.Equal(DispatchActionKind.Offer, run.Refuse(RefusalReason.ContextLengthExceeded).Kind);
        Assert.Equal(RouteFixture.IdOf(mesh.Entries[2]), run.Target);
        run.Accept();
        Assert.Equal(DispatchActionKind.Fail, run.End(InferenceFault.ContextLengthExceeded).Kind);
        Assert.Equal(InferenceOutcome.ContextLengthExceeded, run.Request.Outcome);
    }

    [Fact]
    public void A_request_that_waits_longer_than_the_client_does_ends_by_its_deadline()
    {
        DispatchHarness run = new(nodes: 2);
        run.Start();
        run.Accept();
        Instant end = run.Mesh.Now + _policy.FirstTokenMax;
        while (run.Mesh.Now + TimeSpan.FromSeconds(5) < end)
        {
            run.Mesh.Advance(TimeSpan.FromSeconds(5));
            run.Progress();
        }

        Assert.Equal(end, run.Request.Deadline);
        run.Mesh.Now = end - _tick;
        Assert.Equal(DispatchActionKind.Wait, run.Timeout().Kind);
        run.Mesh.Now = end;
        Assert.Equal(DispatchActionKind.Fail, run.Timeout().Kind);
        Assert.Equal(InferenceOutcome.DeadlineExceeded, run.Request.Outcome);
        // The node spoke all the time: it is slow, not wedged.
        Assert.Equal([RouteNoteKind.Asked, RouteNoteKind.Abandoned], run.Notes);
    }

    [Fact]
    public void The_first_token_ends_the_wait_for_the_first_token()
    {
        DispatchHarness run = new(nodes: 1);
        run.Start();
        run.Accept();
        run.Mesh.Advance(_policy.FirstTokenMax - _tick);
        run.Token();
        run.Mesh.Advance(_policy.SilenceMax - _tick);

        Assert.Equal(DispatchActionKind.Wait, run.Timeout().Kind);
        Assert.Equal(DispatchActionKind.Deliver, run.Token().Kind);
    }

    [Fact]
    public void An_offer_that_is_not_answered_in_time_goes_elsewhere()
    {
        DispatchHarness run = new(nodes: 2);
        run.Start();
        run.Mesh.Advance(_policy.OfferMax - _tick);
        Assert.Equal(DispatchActionKind.Wait, run.Timeout().Kind);
        run.Mesh.Advance(_tick);

        Assert.Equal(DispatchActionKind.Offer, run.Timeout().Kind);
    }

    [Fact]
    public void A_node_that_accepts_and_falls_silent_is_wedged_after_its_limit_and_each_sign_of_life_renews_it()
    {
        DispatchHarness run = new(nodes: 2);
        run.Start();
        run.Accept();
        run.Mesh.Advance(_policy.SilenceMax - _tick);
        run.Progress();
        run.Mesh.Advance(_policy.SilenceMax - _tick);
        Assert.Equal(DispatchActionKind.Wait, run.Timeout().Kind);
        run.Mesh.Advance(_tick);

        PeerId wedged = run.Target;
        Assert.Equal(DispatchActionKind.Offer, run.Timeout().Kind);
        Assert.True(run.Mesh.RouteOf(wedged).IsOut(run.Mesh.Now));
    }

    [Fact]
    public void A_node_that_accepts_everything_and_serves_nothing_is_out_in_less_than_15_seconds_and_gets_ever_less()
    {
        RouteFixture mesh = new(2);
        PeerId wedge = mesh.Nodes[0];
        mesh.Load(mesh.Nodes[1], free: 0, queue: 16); // whoever may go to the wedge does
        Instant begin = mesh.Now;
        DispatchHarness first = new(mesh);
        first.Start();
        Assert.Equal(wedge, first.Target);
        first.Accept();
        mesh.Advance(first.Request.Deadline!.Value - mesh.Now);
        Assert.Equal(DispatchActionKind.Offer, first.Timeout().Kind);
        Assert.NotEqual(wedge, first.Target);
        Assert.InRange(mesh.Now - begin, TimeSpan.Zero, TimeSpan.FromSeconds(15) - _tick);

        TimeSpan rest = TimeSpan.Zero;
        for (int i = 0; i < 4; i++)
        {
            Instant until = mesh.RouteOf(wedge).OutUntil!.Value;
            Assert.True(until - mesh.Now > rest);
            rest = until - mesh.Now;
            DispatchHarness meanwhile = new(mesh);
            meanwhile.Start();
            Assert.NotEqual(wedge, meanwhile.Target);
            mesh.Advance(rest);
            mesh.Load(mesh.Nodes[1], free: 0, queue: 16);
            mesh.Load(wedge); // it still says that it is free
            DispatchHarness again = new(mesh);
            again.Start();
            Assert.Equal(wedge, again.Target);
            again.Accept();
            mesh.Advance(again.Request.Deadline!.Value - mesh.Now);
            mesh.Load(mesh.Nodes[1], free: 0, queue: 16);
            again.Timeout();
        }
    }

    [Fact]
    public void A_slow_client_does_not_make_its_node_look_dead()
    {
        DispatchHarness run = new(nodes: 1);
        run.Start();
        run.Accept();
        run.Token();
        run.Mesh.Advance(TimeSpan.FromHours(1));
        run.Request.OnReading(run.Mesh.Now);

        Assert.Equal(DispatchActionKind.Wait, run.Timeout().Kind);
        Assert.Equal(DispatchActionKind.Deliver, run.Token().Kind);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void No_more_nodes_are_asked_than_the_policy_allows(int offers)
    {
        DispatchHarness run = new(nodes: 20, _policy with { OffersMax = offers });
        run.Start();
        for (int i = 1; i < offers; i++)
        {
            Assert.Equal(DispatchActionKind.Offer, run.Refuse(RefusalReason.QueueFull).Kind);
        }

        Assert.Equal(DispatchActionKind.Fail, run.Refuse(RefusalReason.QueueFull).Kind);
        Assert.Equal(offers, run.Request.Offers);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void No_more_machines_see_the_prompt_than_the_policy_allows(int prompts)
    {
        DispatchHarness run = new(nodes: 20, _policy with { PromptsMax = prompts });
        run.Start();
        for (int i = 1; i < prompts; i++)
        {
            run.Accept();
            Assert.Equal(DispatchActionKind.Offer, run.Fault("lost").Kind);
        }

        run.Accept();
        Assert.Equal(DispatchActionKind.Fail, run.Fault("lost").Kind);
        Assert.Equal(prompts, run.Request.Exposure);
        Assert.Equal(InferenceOutcome.PeerLost, run.Request.Outcome);
    }

    [Fact]
    public void No_node_is_asked_twice()
    {
        DispatchHarness run = new(nodes: 3);
        run.Start();
        HashSet<PeerId> asked = [run.Target];
        for (int i = 0; i < 2; i++)
        {
            run.Refuse(RefusalReason.QueueFull);
            Assert.True(asked.Add(run.Target));
        }

        Assert.Equal(DispatchActionKind.Fail, run.Refuse(RefusalReason.QueueFull).Kind);
    }

    [Fact]
    public void When_the_retries_of_all_requests_are_spent_a_fault_is_final_but_a_refusal_is_not()
    {
        DispatchHarness run = new(nodes: 3);
        for (int i = 0; i < RetryBudget.RetriesAtStart; i++)
        {
            run.Mesh.Note(run.Mesh.Nodes[0], RouteNoteKind.Retried);
            run.Mesh.Note(run.Mesh.Nodes[0], RouteNoteKind.Abandoned);
        }

        run.Start();
        Assert.Equal(DispatchActionKind.Offer, run.Refuse(RefusalReason.QueueFull).Kind);
        run.Accept();
        Assert.Equal(DispatchActionKind.Fail, run.Fault("lost").Kind);
    }

    [Fact]
    public void The_client_is_told_the_soonest_place_that_any_node_named()
    {
        DispatchHarness run = new(nodes: 3);
        run.Start();
        run.Refuse(RefusalReason.QueueFull, retryAfterMs: 900);
        run.Refuse(RefusalReason.QueueFull, retryAfterMs: 300);
        run.Refuse(RefusalReason.QueueFull, retryAfterMs: 5_000);

        Assert.Equal(InferenceOutcome.NoCapacity, run.Request.Outcome);
        Assert.Equal(TimeSpan.FromMilliseconds(300), run.Request.RetryAfter);
    }

    [Theory]
    [InlineData(InferenceLimits.RetryAfterMsMax - 1, InferenceLimits.RetryAfterMsMax - 1)]
    [InlineData(InferenceLimits.RetryAfterMsMax, InferenceLimits.RetryAfterMsMax)]
    [InlineData(InferenceLimits.RetryAfterMsMax + 1, InferenceLimits.RetryAfterMsMax)]
    [InlineData(uint.MaxValue, InferenceLimits.RetryAfterMsMax)]
    public void A_wait_is_believed_up_to_its_limit(uint claimed, uint believed)
    {
        DispatchHarness run = new(nodes: 1);
        run.Start();
        run.Refuse(RefusalReason.QueueFull, claimed);

        Assert.Equal(TimeSpan.FromMilliseconds(believed), run.Request.RetryAfter);
    }

    [Theory]
    [InlineData(RefusalReason.QueueFull, InferenceOutcome.NoCapacity)]
    [InlineData(RefusalReason.Draining, InferenceOutcome.NoCapacity)]
    [InlineData(RefusalReason.OwnerActive, InferenceOutcome.NoCapacity)]
    [InlineData(RefusalReason.InsufficientMemory, InferenceOutcome.NoCapacity)]
    [InlineData(RefusalReason.DeadlineUnreachable, InferenceOutcome.NoCapacity)]
    [InlineData(RefusalReason.ContextLengthExceeded, InferenceOutcome.ContextLengthExceeded)]
    [InlineData(RefusalReason.Unsupported, InferenceOutcome.InvalidRequest)]
    [InlineData(RefusalReason.ModelNotServed, InferenceOutcome.NoNodeReachable)]
    [InlineData(RefusalReason.Malformed, InferenceOutcome.ProtocolViolation)]
    [InlineData(RefusalReason.Unspecified, InferenceOutcome.ProtocolViolation)]
    [InlineData((RefusalReason)99, InferenceOutcome.ProtocolViolation)]
    public void Each_refusal_has_its_outcome(RefusalReason reason, InferenceOutcome outcome)
    {
        DispatchHarness run = new(nodes: 1);
        run.Start();

        Assert.Equal(DispatchActionKind.Fail, run.Refuse(reason).Kind);
        Assert.Equal(outcome, run.Request.Outcome);
    }

    [Fact]
    public void One_node_that_says_no_for_good_does_not_speak_for_one_that_is_busy()
    {
        DispatchHarness run = new(nodes: 3);
        run.Start();
        run.Refuse(RefusalReason.QueueFull, 100);
        run.Refuse(RefusalReason.Unsupported);
        run.Fault("unreachable");

        Assert.Equal(InferenceOutcome.NoCapacity, run.Request.Outcome);
    }

    [Fact]
    public void When_every_node_is_gone_no_node_is_reachable_even_if_one_was_lost_with_the_prompt()
    {
        DispatchHarness run = new(nodes: 3);
        run.Start();
        run.Accept();
        run.Fault("lost");
        run.Fault("unreachable");
        run.Fault("timeout");

        Assert.Equal(InferenceOutcome.NoNodeReachable, run.Request.Outcome);
    }

    [Fact]
    public void A_model_that_nobody_serves_is_not_found()
    {
        DispatchHarness run = new(nodes: 0);

        Assert.Equal(DispatchActionKind.Fail, run.Start().Kind);
        Assert.Equal(InferenceOutcome.ModelNotFound, run.Request.Outcome);
        Assert.Empty(run.Notes);
    }

    [Fact]
    public void A_model_whose_last_node_left_is_out_of_reach_but_not_unknown()
    {
        DispatchHarness run = new(nodes: 1);
        run.Mesh.Book.OnDirectory([]);
        run.Start();

        Assert.Equal(InferenceOutcome.NoNodeReachable, run.Request.Outcome);
    }

    [Fact]
    public void Nodes_that_all_rest_are_no_capacity()
    {
        DispatchHarness run = new(nodes: 2);
        run.Mesh.Load(run.Mesh.Nodes[0], state: ServingState.Paused);
        run.Mesh.Load(run.Mesh.Nodes[1], state: ServingState.Draining);
        run.Start();

        Assert.Equal(InferenceOutcome.NoCapacity, run.Request.Outcome);
    }

    [Fact]
    public void Nodes_that_all_failed_are_unreachable_until_the_first_has_rested()
    {
        DispatchHarness run = new(nodes: 1);
        run.Mesh.Note(run.Mesh.Nodes[0], RouteNoteKind.Asked);
        run.Mesh.Note(run.Mesh.Nodes[0], RouteNoteKind.Wedged);
        run.Start();

        Assert.Equal(InferenceOutcome.NoNodeReachable, run.Request.Outcome);
        Assert.Equal(RouteBook.RestMin, run.Request.RetryAfter);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_client_that_leaves_ends_the_request_in_any_state(int steps)
    {
        DispatchHarness run = new(nodes: 2);
        Action[] all = [() => run.Start(), () => run.Accept(), () => run.Token()];
        foreach (Action step in all[..steps])
        {
            step();
        }

        run.Request.OnCancelled();
        run.Request.OnCancelled();
        run.Drain();

        Assert.Equal(InferenceOutcome.ClientGone, run.Request.Outcome);
        Assert.Equal(0, run.Mesh.Nodes.Sum(node => run.Mesh.RouteOf(node).InFlight));
    }

    [Fact]
    public void Inputs_after_the_end_change_nothing()
    {
        DispatchHarness run = new(nodes: 2);
        run.Start();
        run.Accept();
        run.Token();
        run.End();
        run.Mesh.Advance(TimeSpan.FromHours(1));

        Assert.All(
            [run.Accept(), run.Progress(), run.Token(), run.End(), run.Timeout(), run.Fault("lost"), run.Fault("violation"),
                run.Fault("unreachable"), run.Refuse(RefusalReason.QueueFull)],
            static action => Assert.Equal(DispatchActionKind.Wait, action.Kind));
        run.Request.OnCancelled();
        Assert.Equal(InferenceOutcome.Completed, run.Request.Outcome);
        Assert.Equal([RouteNoteKind.Asked, RouteNoteKind.Served], run.Notes);
    }

    [Fact]
    public void Inputs_before_their_time_change_nothing()
    {
        DispatchHarness run = new(nodes: 2);
        run.Start();

        Assert.All(
            [run.Progress(), run.Token(), run.End()],
            static action => Assert.Equal(DispatchActionKind.Wait, action.Kind));
        Assert.Equal(DispatchState.Offering, run.Request.State);
        run.Accept();
        Assert.All(
            [run.Accept(), run.Refuse(RefusalReason.QueueFull), run.Fault("unreachable")],
            static action => Assert.Equal(DispatchActionKind.Wait, action.Kind));
        Assert.Equal(DispatchState.AwaitingFirstToken, run.Request.State);
    }

    [Fact]
    public void A_dispatch_starts_once()
    {
        DispatchHarness run = new(nodes: 1);
        run.Start();

        Assert.Throws<InvalidOperationException>(() => run.Start());
    }

    [Fact]
    public void The_speed_that_was_seen_is_noted_with_the_prompts_cached_part_left_out()
    {
        DispatchHarness run = new(nodes: 1);
        run.Start();
        run.Accept();
        run.Mesh.Advance(TimeSpan.FromSeconds(2));
        run.Token();
        run.Mesh.Advance(TimeSpan.FromSeconds(5));
        run.End(usage: new Usage { PromptTokens = 500, CachedPromptTokens = 300, CompletionTokens = 100 });

        Assert.Equal(new RouteSpeed(100, 20), run.Mesh.RouteOf(run.Mesh.Nodes[0]).Observed);
    }
}
