using System;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Routing;
using Darkbloom.Mesh.Tests.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Mesh.Tests.Dispatch;

/// <summary>Answers that break off, or whose node is about to leave.</summary>
public sealed class DispatchResumptionTests
{
    private static readonly DispatchPolicy _policy = new();
    private static readonly TimeSpan _tick = TimeSpan.FromTicks(1);

    [Theory]
    [InlineData("lost", RouteNoteKind.Lost)]
    [InlineData("suspected", RouteNoteKind.Lost)]
    [InlineData("violation", RouteNoteKind.Violated)]
    [InlineData("timeout", RouteNoteKind.Wedged)]
    [InlineData("engine", RouteNoteKind.EngineFailed)]
    [InlineData("drained", RouteNoteKind.Drained)]
    public void An_answer_that_breaks_off_goes_on_at_a_node_of_the_same_fingerprint(string fault, RouteNoteKind note)
    {
        DispatchHarness run = new(new RouteFixture(2, fingerprint: "db_same"));
        run.Start();
        PeerId first = run.Target;
        run.Accept();
        run.Token();
        run.Token();
        Assert.Equal("", run.Request.Fingerprint);

        Assert.Equal(DispatchActionKind.Offer, run.Fault(fault).Kind);
        Assert.NotEqual(first, run.Target);
        Assert.Equal("db_same", run.Request.Fingerprint);
        Assert.Equal([RouteNoteKind.Asked, note, RouteNoteKind.Resumed], run.Notes);
        Assert.Equal(DispatchActionKind.SendPrompt, run.Accept().Kind);
        Assert.Equal(DispatchActionKind.Deliver, run.Token().Kind);
        Assert.Equal("", run.Request.Fingerprint);
        Assert.Equal(DispatchActionKind.Complete, run.End().Kind);
        Assert.Equal(1, run.Request.Resumptions);
        Assert.Equal(2, run.Request.Exposure);
    }

    [Fact]
    public void An_answer_goes_on_only_where_model_template_and_engine_are_the_same()
    {
        RouteFixture mesh = new(0);
        mesh.Entries.AddRange([RouteFixture.Entry(1, fingerprint: "db_one"), RouteFixture.Entry(2, fingerprint: "db_two")]);
        mesh.Book.OnDirectory(NodeCard.ReadAll(mesh.Entries));
        DispatchHarness run = new(mesh);
        run.Start();
        run.Accept();
        run.Token();

        Assert.Equal(DispatchActionKind.Fail, run.Fault("lost").Kind);
        Assert.Equal(InferenceOutcome.PeerLost, run.Request.Outcome);
        Assert.Equal(1, run.Request.Offers);
    }

    [Fact]
    public void An_answer_that_every_other_node_is_too_busy_for_waits_and_goes_on()
    {
        DispatchHarness run = new(new RouteFixture(3, fingerprint: "db_same"));
        run.Start();
        run.Accept();
        run.Token();
        run.Fault("engine");
        run.Refuse(RefusalReason.QueueFull);

        Assert.Equal(DispatchActionKind.Rest, run.Refuse(RefusalReason.QueueFull).Kind);
        Assert.Equal(run.Mesh.Now + _policy.StrandedRest, run.Request.Deadline);
        run.Mesh.Advance(_policy.StrandedRest - _tick);
        Assert.Equal(DispatchActionKind.Wait, run.Timeout().Kind);
        run.Mesh.Advance(_tick);
        Assert.Equal(DispatchActionKind.Offer, run.Timeout().Kind);
        run.Accept();
        run.Token();
        Assert.Equal(DispatchActionKind.Complete, run.End().Kind);
        Assert.Equal(4, run.Request.Offers);
        Assert.Equal(2, run.Request.Exposure);
    }

    [Fact]
    public void An_answer_that_nobody_takes_over_fails_in_time_as_it_broke_off()
    {
        DispatchHarness run = new(new RouteFixture(2, fingerprint: "db_same"));
        run.Start();
        run.Accept();
        run.Token();
        run.Fault("engine");
        Instant by = run.Mesh.Now + _policy.ResumeMax;
        DispatchAction action = run.Refuse(RefusalReason.QueueFull, retryAfterMs: 700);
        while (action.Kind != DispatchActionKind.Fail)
        {
            run.Mesh.Now = run.Request.Deadline!.Value;
            Assert.True(run.Mesh.Now <= by);
            action = run.Request.State == DispatchState.Stranded ? run.Timeout() : run.Refuse(RefusalReason.QueueFull);
        }

        Assert.Equal(InferenceOutcome.EngineFailed, run.Request.Outcome);
        Assert.Null(run.Request.RetryAfter);
    }

    [Fact]
    public void A_client_that_leaves_while_its_answer_waits_for_a_node_blames_none()
    {
        DispatchHarness run = new(new RouteFixture(2, fingerprint: "db_same"));
        run.Start();
        run.Accept();
        run.Token();
        run.Fault("lost");
        run.Refuse(RefusalReason.QueueFull);
        run.Notes.Clear();

        run.Request.OnCancelled();
        run.Drain();

        Assert.Empty(run.Notes);
        Assert.Equal(InferenceOutcome.ClientGone, run.Request.Outcome);
    }

    [Fact]
    public void A_node_that_is_about_to_leave_hands_over_at_once()
    {
        DispatchHarness run = new(new RouteFixture(2, fingerprint: "db_same"));
        run.Start();
        PeerId first = run.Target;
        run.Accept();
        run.Token();

        Assert.Equal(DispatchActionKind.Offer, run.Leave().Kind);
        Assert.NotEqual(first, run.Target);
        Assert.Equal([RouteNoteKind.Asked, RouteNoteKind.Drained, RouteNoteKind.Resumed], run.Notes);
    }

    [Theory]
    [InlineData("leaving")]
    [InlineData("drained")]
    public void A_request_without_output_moves_from_a_leaving_node_at_no_cost(string how)
    {
        DispatchHarness run = new(new RouteFixture(2));
        run.Start();
        run.Accept();
        int retries = run.Mesh.Table.RetriesLeft;

        Assert.Equal(DispatchActionKind.Offer, (how == "leaving" ? run.Leave() : run.Fault(how)).Kind);
        Assert.Equal(retries, run.Mesh.Table.RetriesLeft);
        Assert.Equal([RouteNoteKind.Asked, RouteNoteKind.Drained, RouteNoteKind.Rerouted], run.Notes);
    }

    [Theory]
    [InlineData(1, "db_same")]
    [InlineData(2, "")]
    public void A_leaving_node_that_nobody_can_follow_has_its_time(int nodes, string fingerprint)
    {
        DispatchHarness run = new(new RouteFixture(nodes, fingerprint: fingerprint));
        run.Start();
        run.Accept();
        run.Token();

        Assert.Equal(DispatchActionKind.Wait, run.Leave().Kind);
        Assert.Equal(DispatchActionKind.Deliver, run.Token().Kind);
        Assert.Equal(DispatchActionKind.Complete, run.End().Kind);
    }

    [Fact]
    public void A_successor_that_calls_the_told_tokens_invalid_does_not_speak_for_the_client()
    {
        DispatchHarness run = new(new RouteFixture(3, fingerprint: "db_same"));
        run.Start();
        run.Accept();
        run.Token();
        run.Fault("lost");
        run.Accept();

        Assert.Equal(DispatchActionKind.Offer, run.End(InferenceFault.InvalidRequest).Kind);
        run.Accept();
        run.Token();
        Assert.Equal(DispatchActionKind.Complete, run.End().Kind);
    }

    [Fact]
    public void A_continuation_has_its_own_time_and_no_share_in_the_retry_budget()
    {
        DispatchHarness run = new(new RouteFixture(3, fingerprint: "db_same"));
        run.Start();
        run.Accept();
        run.Token();
        int retries = run.Mesh.Table.RetriesLeft;
        run.Mesh.Advance(_policy.FirstTokenMax * 2);
        run.Fault("lost");

        Assert.Equal(run.Mesh.Now + _policy.ResumeMax, run.Request.OutputBy);
        Assert.Equal(retries, run.Mesh.Table.RetriesLeft);
        run.Mesh.Advance(_policy.ResumeMax);
        Assert.Equal(DispatchActionKind.Fail, run.Timeout().Kind);
        Assert.Equal(InferenceOutcome.PeerLost, run.Request.Outcome);
    }

    [Theory]
    [InlineData(-1, DispatchActionKind.Offer)]
    [InlineData(0, DispatchActionKind.Offer)]
    [InlineData(1, DispatchActionKind.Fail)]
    public void An_answer_too_long_for_a_message_beside_its_prompt_does_not_go_on(int beyond, DispatchActionKind kind)
    {
        const int ChoiceBytes = 24, TokenBytes = 5;
        uint promptBytes = (uint)(InferenceLimits.PromptBytesMax - ChoiceBytes - TokenBytes + beyond);
        DispatchHarness run = new(new RouteFixture(2, fingerprint: "db_same"), promptBytes: promptBytes);
        run.Start();
        run.Accept();
        run.Token();

        Assert.Equal(kind, run.Fault("lost").Kind);
    }

    [Fact]
    public void The_speed_of_an_answer_that_moved_is_nobodys()
    {
        DispatchHarness run = new(new RouteFixture(2, fingerprint: "db_same"));
        run.Start();
        run.Accept();
        run.Token();
        run.Fault("lost");
        run.Accept();
        run.Token();
        run.Mesh.Advance(TimeSpan.FromSeconds(1));
        run.End(usage: new Usage { PromptTokens = 500, CompletionTokens = 400 });

        Assert.All(run.Mesh.Nodes, node => Assert.Equal(default, run.Mesh.RouteOf(node).Observed));
    }
}
