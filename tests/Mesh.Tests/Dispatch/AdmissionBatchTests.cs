using System;
using System.Linq;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Mesh.Tests.Dispatch;

public sealed class AdmissionBatchTests
{
    private readonly Admission _admission = new(new AdmissionPolicy
    {
        Model = "tiny",
        Slots = 1,
        QueueMax = 4,
        ServiceAssumed = TimeSpan.FromSeconds(4),
    });

    private readonly Instant _now = new(5_000_000_000);

    [Fact]
    public void A_batch_runs_on_a_slot_that_nobody_wants() => Assert.Equal(AdmissionVerdict.Admit, Offer(isBatch: true).Verdict);

    [Fact]
    public void A_batch_is_refused_while_somebody_waits()
    {
        _ = Offer();
        _ = Offer();

        Assert.Equal(RefusalReason.QueueFull, Offer(isBatch: true).Reason);
    }

    [Fact]
    public void Batches_take_half_of_the_queue()
    {
        AdmissionVerdict[] verdicts = [.. Enumerable.Range(0, 4).Select(_ => Offer(isBatch: true).Verdict)];

        Assert.Equal([AdmissionVerdict.Admit, AdmissionVerdict.Queue, AdmissionVerdict.Queue, AdmissionVerdict.Refuse], verdicts);
        Assert.Equal(AdmissionVerdict.Queue, Offer().Verdict);
        Assert.Equal(AdmissionVerdict.Queue, Offer().Verdict);
    }

    [Fact]
    public void Whoever_waits_for_an_answer_is_served_before_batches_in_line()
    {
        long running = Offer().Reservation;
        long batch = Offer(isBatch: true).Reservation;
        long first = Offer().Reservation;
        long second = Offer().Reservation;
        foreach (long expected in new[] { first, second, batch })
        {
            _admission.OnReleased(_now, running);
            Assert.True(_admission.TryTakeChange(out AdmissionChange change));
            Assert.Equal(new AdmissionChange(expected, AdmissionChangeKind.Granted), change);
            running = expected;
        }
    }

    [Fact]
    public void Batches_in_line_do_not_count_for_a_deadline()
    {
        _ = Offer();
        _ = Offer(isBatch: true);
        _ = Offer(isBatch: true);

        Assert.Equal(AdmissionVerdict.Queue, Offer(patience: TimeSpan.FromSeconds(4)).Verdict);
        Assert.Equal(RefusalReason.DeadlineUnreachable, Offer(patience: TimeSpan.FromSeconds(7)).Reason);
    }

    private AdmissionDecision Offer(bool isBatch = false, TimeSpan? patience = null) => _admission.OnOffer(
        _now,
        new OfferTerms
        {
            RequestId = 1,
            Model = "tiny",
            PromptBytes = 50,
            OutputTokensMax = 100,
            Choices = 1,
            IsBatch = isBatch,
            FirstTokenMax = patience,
        });
}
