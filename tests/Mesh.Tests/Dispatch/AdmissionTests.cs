using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Mesh.Tests.Dispatch;

public sealed class AdmissionTests
{
    private static readonly AdmissionPolicy _policy = new()
    {
        Model = "tiny",
        Slots = 2,
        QueueMax = 3,
        ServiceAssumed = TimeSpan.FromSeconds(4),
    };

    private readonly Admission _admission = new(_policy);
    private Instant _now = new(5_000_000_000);

    [Fact]
    public void Slots_are_given_first_then_queue_places_then_nothing()
    {
        AdmissionVerdict[] verdicts = [.. Enumerable.Range(0, 6).Select(_ => Offer().Verdict)];

        Assert.Equal(
            [AdmissionVerdict.Admit, AdmissionVerdict.Admit, AdmissionVerdict.Queue, AdmissionVerdict.Queue,
                AdmissionVerdict.Queue, AdmissionVerdict.Refuse],
            verdicts);
        AdmissionDecision refusal = Offer();
        Assert.Equal(RefusalReason.QueueFull, refusal.Reason);
        Assert.Equal(0, refusal.Reservation);
        Assert.Equal(5, _admission.Reserved);
    }

    [Fact]
    public void A_released_slot_goes_to_the_first_in_line()
    {
        long[] ids = [.. Enumerable.Range(0, 4).Select(_ => Offer().Reservation)];
        _admission.OnReleased(_now, ids[1]);

        Assert.Equal([new AdmissionChange(ids[2], AdmissionChangeKind.Granted)], Changes());
        _admission.OnReleased(_now, ids[3]);
        _admission.OnReleased(_now, ids[0]);
        _admission.OnReleased(_now, ids[2]);
        Assert.Empty(Changes());
        Assert.Equal(2, _admission.Report().SlotsFree);
        Assert.Equal(0, _admission.Reserved);
    }

    [Fact]
    public void Releasing_twice_frees_one_slot()
    {
        long first = Offer().Reservation;
        _ = Offer();
        _admission.OnReleased(_now, first);
        _admission.OnReleased(_now, first);
        _admission.OnReleased(_now, 999);

        Assert.Equal(1, _admission.Report().SlotsFree);
    }

    [Fact]
    public void A_request_of_several_choices_holds_as_many_slots()
    {
        Assert.Equal(AdmissionVerdict.Admit, Offer(choices: 2).Verdict);
        Assert.Equal(0, _admission.Report().SlotsFree);
        Assert.Equal(AdmissionVerdict.Queue, Offer().Verdict);
    }

    [Fact]
    public void A_request_of_more_choices_than_slots_holds_every_slot_and_no_more()
    {
        long all = Offer(choices: 8).Reservation;
        Assert.Equal(0, _admission.Report().SlotsFree);
        _admission.OnReleased(_now, all);

        Assert.Equal(2, _admission.Report().SlotsFree);
    }

    [Fact]
    public void A_large_request_in_line_is_not_overtaken_by_a_small_one()
    {
        long running = Offer().Reservation;
        AdmissionDecision large = Offer(choices: 2);
        Assert.Equal(AdmissionVerdict.Queue, large.Verdict);
        Assert.Equal(AdmissionVerdict.Queue, Offer(choices: 1).Verdict);

        _admission.OnReleased(_now, running);
        Assert.Equal([new AdmissionChange(large.Reservation, AdmissionChangeKind.Granted)], Changes());
    }

    [Fact]
    public void Another_model_is_not_served()
    {
        Assert.Equal(RefusalReason.ModelNotServed, Offer(model: "Tiny").Reason);
        Assert.Equal(RefusalReason.Unspecified, Offer(model: "tiny").Reason);
    }

    [Theory]
    [InlineData(99u, RefusalReason.Unspecified)]
    [InlineData(100u, RefusalReason.Unspecified)]
    [InlineData(101u, RefusalReason.ContextLengthExceeded)]
    public void A_prompt_beyond_the_limit_is_refused(uint bytes, RefusalReason reason)
    {
        Admission small = new(_policy with { PromptBytesMax = 100 });

        Assert.Equal(reason, small.OnOffer(_now, Terms() with { PromptBytes = bytes }).Reason);
    }

    [Theory]
    [InlineData(0u, RefusalReason.Unspecified)]
    [InlineData(99u, RefusalReason.Unspecified)]
    [InlineData(100u, RefusalReason.Unspecified)]
    [InlineData(101u, RefusalReason.ContextLengthExceeded)]
    public void Text_that_no_context_holds_is_refused_unseen(uint bytes, RefusalReason reason)
    {
        Admission small = new(_policy with { TextBytesMax = 100 });

        Assert.Equal(reason, small.OnOffer(_now, Terms() with { PromptBytes = 200, TextBytes = bytes }).Reason);
    }

    [Theory]
    [InlineData(ServingState.Draining, RefusalReason.Draining)]
    [InlineData(ServingState.Paused, RefusalReason.OwnerActive)]
    public void A_node_that_does_not_serve_refuses_drops_what_waits_and_lets_run_what_runs(
        ServingState state, RefusalReason reason)
    {
        long[] ids = [.. Enumerable.Range(0, 4).Select(_ => Offer().Reservation)];
        _admission.OnState(_now, state);

        Assert.Equal(
            [new AdmissionChange(ids[2], AdmissionChangeKind.Dropped), new AdmissionChange(ids[3], AdmissionChangeKind.Dropped)],
            Changes());
        Assert.Equal(reason, Offer().Reason);
        Assert.Equal(2, _admission.Reserved);
        Assert.Equal(state, _admission.Report().State);
        _admission.OnState(_now, ServingState.Serving);
        Assert.Equal(AdmissionVerdict.Queue, Offer().Verdict);
    }

    [Fact]
    public void What_waits_expires_at_its_deadline_and_what_runs_does_not()
    {
        _ = Offer(patience: TimeSpan.FromSeconds(30));
        _ = Offer(patience: TimeSpan.FromSeconds(30));
        long waiting = Offer(patience: TimeSpan.FromSeconds(20)).Reservation;
        Assert.Equal(_now + TimeSpan.FromSeconds(20), _admission.NextTimeout);

        _now += TimeSpan.FromSeconds(20) - TimeSpan.FromTicks(1);
        _admission.OnTimeout(_now);
        Assert.Empty(Changes());
        _now += TimeSpan.FromTicks(1);
        _admission.OnTimeout(_now);
        Assert.Equal([new AdmissionChange(waiting, AdmissionChangeKind.Expired)], Changes());
        Assert.Null(_admission.NextTimeout);
        Assert.Equal(2, _admission.Reserved);
    }

    [Fact]
    public void When_a_large_request_expires_the_small_one_behind_it_is_granted()
    {
        _ = Offer();
        _ = Offer(choices: 2, patience: TimeSpan.FromSeconds(10));
        long small = Offer().Reservation;
        _now += TimeSpan.FromSeconds(10);
        _admission.OnTimeout(_now);

        Assert.Contains(new AdmissionChange(small, AdmissionChangeKind.Granted), Changes());
    }

    [Theory]
    [InlineData(1_999, RefusalReason.DeadlineUnreachable)]
    [InlineData(2_000, RefusalReason.Unspecified)]
    [InlineData(2_001, RefusalReason.Unspecified)]
    public void A_deadline_that_the_queue_cannot_meet_is_refused_at_once(int patienceMs, RefusalReason reason)
    {
        _ = Offer();
        _ = Offer();

        // One place behind two slots of 4 s each: 2 s.
        Assert.Equal(reason, Offer(patience: TimeSpan.FromMilliseconds(patienceMs)).Reason);
    }

    [Fact]
    public void A_newcomer_that_needs_not_wait_is_admitted_however_short_its_deadline() =>
        Assert.Equal(AdmissionVerdict.Admit, Offer(patience: TimeSpan.FromMilliseconds(1)).Verdict);

    [Fact]
    public void Retry_after_follows_the_rate_at_which_slots_become_free()
    {
        Assert.Equal(2_000u, RefusedAfter(_admission, TimeSpan.Zero));

        Admission measured = new(_policy with { Slots = 1, QueueMax = 0 });
        for (int i = 0; i < 50; i++)
        {
            long id = measured.OnOffer(_now, Terms()).Reservation;
            _now += TimeSpan.FromSeconds(10);
            measured.OnReleased(_now, id);
        }

        Assert.InRange(RefusedAfter(measured, TimeSpan.Zero), 9_990u, 10_000u);
    }

    [Fact]
    public void Retry_after_keeps_within_its_limits()
    {
        Assert.Equal(250u, RefusedAfter(new Admission(_policy with { ServiceAssumed = TimeSpan.Zero }), default));
        Assert.Equal(
            InferenceLimits.RetryAfterMsMax,
            RefusedAfter(new Admission(_policy with { ServiceAssumed = TimeSpan.FromHours(1) }), default));
    }

    [Fact]
    public void Every_report_has_a_higher_sequence_and_every_change_a_higher_version()
    {
        ulong version = _admission.Version;
        Assert.True(_admission.Report().Sequence < _admission.Report().Sequence);
        Assert.Equal(version, _admission.Version);
        long id = Offer().Reservation;
        Assert.True(_admission.Version > version);
        version = _admission.Version;
        _admission.OnReleased(_now, id);
        Assert.True(_admission.Version > version);
    }

    [Fact]
    public void A_report_is_one_that_every_gateway_can_read()
    {
        _ = Offer();
        _admission.OnSpeed(float.NaN, float.PositiveInfinity);
        Assert.True(NodeLoad.TryRead(_admission.Report().ToReport(), out NodeLoad load));
        Assert.Equal((1, 2, 0f), (load.SlotsFree, load.Slots, load.DecodeTokensPerSecond));
        _admission.OnSpeed(300, 30);
        Assert.Equal((300f, 30f), (_admission.Report().PrefillTokensPerSecond, _admission.Report().DecodeTokensPerSecond));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(NodeLoad.SlotsMax + 1, 0)]
    [InlineData(1, -1)]
    [InlineData(1, NodeLoad.QueueDepthMax + 1)]
    public void A_policy_beyond_the_limits_is_the_callers_fault(int slots, int queue) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new Admission(_policy with { Slots = slots, QueueMax = queue }));

    [Fact]
    public void Slots_never_leak_over_random_offers_releases_and_expiries()
    {
        for (ulong seed = 1; seed <= 50; seed++)
        {
            Prng prng = new(seed);
            Admission admission = new(_policy with { Slots = 1 + prng.Next(6), QueueMax = prng.Next(10) });
            List<long> held = [];
            for (int step = 0; step < 2_000; step++)
            {
                _now += TimeSpan.FromMilliseconds(prng.Next(500));
                switch (prng.Next(8))
                {
                    case < 4:
                        AdmissionDecision decision = admission.OnOffer(_now, Terms() with
                        {
                            Choices = (uint)(1 + prng.Next(8)),
                            FirstTokenMax = prng.Chance(1, 2) ? TimeSpan.FromMilliseconds(prng.Next(20_000) + 1) : null,
                        });
                        held.AddRange(decision.Reservation != 0 ? [decision.Reservation] : []);
                        break;
                    case < 7 when held.Count > 0:
                        int index = prng.Next(held.Count);
                        admission.OnReleased(_now, held[index]);
                        held.RemoveAt(index);
                        break;
                    case 7 when prng.Chance(1, 20):
                        admission.OnState(_now, prng.Chance(1, 2) ? ServingState.Paused : ServingState.Serving);
                        break;
                    default:
                        admission.OnTimeout(_now);
                        break;
                }

                while (admission.TryTakeChange(out AdmissionChange change))
                {
                    Assert.Contains(change.Reservation, held);
                    _ = change.Kind != AdmissionChangeKind.Granted && held.Remove(change.Reservation);
                }

                Assert.Equal(held.Count, admission.Reserved);
            }

            held.ForEach(id => admission.OnReleased(_now, id));
            Assert.Equal(0, admission.Reserved);
            Assert.Equal(admission.Report().Slots, admission.Report().SlotsFree);
            Assert.Equal(0, admission.Report().QueueDepth);
        }
    }

    private static OfferTerms Terms() => new()
    {
        RequestId = 1,
        Model = "tiny",
        PromptBytes = 50,
        OutputTokensMax = 100,
        Choices = 1,
    };

    [Theory]
    [InlineData(0u, 0u, RefusalReason.Unspecified)]
    [InlineData(0u, 1u, RefusalReason.Unsupported)]
    [InlineData(100u, 99u, RefusalReason.Unspecified)]
    [InlineData(100u, 100u, RefusalReason.Unspecified)]
    [InlineData(100u, 101u, RefusalReason.Unsupported)]
    public void A_recording_is_taken_up_to_the_size_that_the_node_hears(uint most, uint offered, RefusalReason reason)
    {
        Admission admission = new(_policy with { AudioBytesMax = most });
        AdmissionDecision decision = admission.OnOffer(_now, Terms() with { AudioBytes = offered });
        Assert.Equal(reason, decision.Reason);
        Assert.Equal(reason == RefusalReason.Unspecified ? AdmissionVerdict.Admit : AdmissionVerdict.Refuse, decision.Verdict);
    }

    private AdmissionDecision Offer(
        uint choices = 1, string model = "tiny", TimeSpan? patience = null) =>
        _admission.OnOffer(
            _now,
            Terms() with { Choices = choices, Model = model, FirstTokenMax = patience });

    private uint RefusedAfter(Admission admission, TimeSpan wait)
    {
        _now += wait;
        while (true)
        {
            AdmissionDecision decision = admission.OnOffer(_now, Terms());
            if (decision.Verdict == AdmissionVerdict.Refuse)
            {
                Assert.Equal(RefusalReason.QueueFull, decision.Reason);
                return decision.RetryAfterMs;
            }
        }
    }

    private List<AdmissionChange> Changes()
    {
        List<AdmissionChange> changes = [];
        while (_admission.TryTakeChange(out AdmissionChange change))
        {
            changes.Add(change);
        }

        return changes;
    }
}
