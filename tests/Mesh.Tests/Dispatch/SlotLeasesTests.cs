using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Mesh.Tests.Dispatch;

public sealed class SlotLeasesTests
{
    private static readonly PeerId _alice = new(new UInt256(0, 1));
    private static readonly PeerId _bob = new(new UInt256(0, 2));

    private static readonly AdmissionPolicy _policy = new()
    {
        Model = "tiny",
        Slots = 4,
        QueueMax = 8,
        LeaseTime = TimeSpan.FromSeconds(3),
    };

    private readonly Admission _admission = new(_policy);
    private readonly List<LeaseGrant> _unspent = [];
    private Instant _now = new(5_000_000_000);

    public SlotLeasesTests()
    {
        _admission.OnSubscribed(_alice);
        _admission.OnSubscribed(_bob);
    }

    [Fact]
    public void Nothing_is_kept_for_a_gateway_that_never_asked()
    {
        _ = Serve(_alice);

        Assert.All(Grants(), static grant => Assert.Equal(_alice, grant.Gateway));
        Assert.Equal(1, _admission.Report().SlotsLeased);
    }

    [Fact]
    public void Nothing_is_kept_for_a_gateway_that_does_not_listen()
    {
        PeerId deaf = new(new UInt256(0, 3));
        _ = Serve(deaf);

        Assert.Empty(Grants());
    }

    [Fact]
    public void A_kept_slot_is_given_to_its_gateway_only()
    {
        LeaseGrant kept = Keep(_alice, 4)[^1];
        Assert.Equal(AdmissionVerdict.Queue, Offer(_bob).Verdict);
        Assert.Equal(AdmissionVerdict.Admit, Offer(_alice, kept.Id).Verdict);
    }

    [Fact]
    public void A_forged_lease_is_worth_nothing()
    {
        LeaseGrant last = Keep(_alice, 4)[^1];

        Assert.Equal(AdmissionVerdict.Queue, Offer(_bob, last.Id + 1).Verdict);
        Assert.Equal(AdmissionVerdict.Queue, Offer(_bob, 0).Verdict);
        Assert.Equal(AdmissionVerdict.Queue, Offer(_bob, ulong.MaxValue).Verdict);
        Assert.Equal(4, _admission.Report().SlotsLeased);
    }

    [Fact]
    public void A_lease_of_another_gateway_is_worth_nothing_and_stays_whole()
    {
        LeaseGrant kept = Keep(_alice, 4)[0];

        Assert.Equal(AdmissionVerdict.Queue, Offer(_bob, kept.Id).Verdict);
        Assert.Equal(4, _admission.Report().SlotsLeased);
        Assert.Equal(AdmissionVerdict.Admit, Offer(_alice, kept.Id).Verdict);
    }

    [Fact]
    public void A_lease_is_spent_once()
    {
        LeaseGrant kept = KeepTheLast(_alice);

        Assert.Equal(AdmissionVerdict.Admit, Offer(_alice, kept.Id).Verdict);
        Assert.Equal(AdmissionVerdict.Queue, Offer(_alice, kept.Id).Verdict);
    }

    [Fact]
    public void A_lease_that_is_named_twice_counts_once()
    {
        LeaseGrant kept = KeepTheLast(_alice);

        Assert.Equal(AdmissionVerdict.Queue, Decide(_alice, choices: 2, kept.Id, kept.Id).Verdict);
    }

    [Fact]
    public void An_offer_that_crosses_its_gateways_leases_gets_the_slots_that_they_keep()
    {
        List<LeaseGrant> kept = Keep(_alice, 4);

        Assert.Equal(AdmissionVerdict.Admit, Decide(_alice, choices: 3).Verdict);
        Assert.Equal(AdmissionVerdict.Admit, Offer(_alice, kept[0].Id).Verdict);
        Assert.Equal(AdmissionVerdict.Queue, Offer(_alice, kept[3].Id).Verdict);
    }

    [Fact]
    public void A_batch_takes_no_slot_that_is_kept_for_who_waits()
    {
        _ = Keep(_alice, 4);

        Assert.Equal(AdmissionVerdict.Queue, _admission.OnOffer(_now, Terms() with { IsBatch = true }, _alice).Verdict);
        Assert.Equal(4, _admission.Report().SlotsLeased);
    }

    [Fact]
    public void Several_leases_carry_a_request_of_several_choices()
    {
        List<LeaseGrant> kept = Keep(_alice, 4);

        Assert.Equal(AdmissionVerdict.Admit, Decide(_alice, choices: 3, [.. kept.Take(3).Select(static lease => lease.Id)]).Verdict);
        Assert.Equal(1, _admission.Report().SlotsFree);
    }

    [Theory]
    [InlineData(-1, AdmissionVerdict.Admit)]
    [InlineData(0, AdmissionVerdict.Queue)]
    [InlineData(1, AdmissionVerdict.Queue)]
    public void A_lease_is_worth_nothing_from_its_end_on(int nanoseconds, AdmissionVerdict verdict)
    {
        LeaseGrant kept = KeepTheLast(_alice);
        _now = new Instant(kept.ExpiresAt.Nanoseconds + nanoseconds);
        _admission.OnTimeout(_now); // a slot that is free again is kept for the other gateway, which has the demand

        Assert.Equal(verdict, Offer(_alice, kept.Id).Verdict);
    }

    [Fact]
    public void Who_waits_gets_the_slot_when_the_lease_ends()
    {
        LeaseGrant kept = Keep(_alice, 4)[0];
        AdmissionDecision waiting = Offer(_bob);
        Assert.Equal(kept.ExpiresAt, _admission.NextTimeout);
        _admission.OnTimeout(new Instant(kept.ExpiresAt.Nanoseconds - 1));
        Assert.False(_admission.TryTakeChange(out _));
        _admission.OnTimeout(_now = kept.ExpiresAt);

        Assert.True(_admission.TryTakeChange(out AdmissionChange change));
        Assert.Equal(new AdmissionChange(waiting.Reservation, AdmissionChangeKind.Granted), change);
    }

    [Fact]
    public void An_offer_that_is_refused_has_spent_its_lease()
    {
        LeaseGrant kept = Keep(_alice, 4)[0];
        AdmissionDecision waiting = Offer(_bob);
        AdmissionDecision refused = _admission.OnOffer(_now, Terms() with { Model = "other", Leases = [kept.Id] }, _alice);

        Assert.Equal(RefusalReason.ModelNotServed, refused.Reason);
        Assert.True(_admission.TryTakeChange(out AdmissionChange change));
        Assert.Equal(waiting.Reservation, change.Reservation);
    }

    [Fact]
    public void A_gateway_that_hoards_keeps_no_more_slots_idle_than_it_has_filled()
    {
        const int Filled = 7;
        for (int i = 0; i < Filled; i++)
        {
            // It never names a lease, so it waits for those that it lets expire.
            long reservation = Offer(_alice).Reservation;
            _admission.OnReleased(_now, reservation);
        }

        int kept = 0;
        for (int i = 0; i < 100; i++)
        {
            kept += Grants().Count;
            Pass();
        }

        Assert.InRange(kept, 1, Filled + _policy.Slots);
        Assert.Equal(0, _admission.Report().SlotsLeased);
        Assert.Null(_admission.NextTimeout);
    }

    [Fact]
    public void Slots_are_kept_as_demand_is_shared()
    {
        for (int i = 0; i < 30; i++)
        {
            _ = Serve(_alice);
            if (i % 3 == 0)
            {
                _ = Serve(_bob);
            }
        }

        // Whatever was kept while demand grew is over, and all slots are shared out at once.
        PeerId[] holders = [.. Pass().Select(static grant => grant.Gateway)];
        Assert.Equal(_policy.Slots, holders.Length);
        Assert.Equal(3, holders.Count(static holder => holder == _alice));
    }

    [Fact]
    public void Old_demand_is_forgotten()
    {
        _ = Serve(_alice);
        _ = Grants();
        _now += SlotLeases.DemandAge;
        _admission.OnTimeout(_now);
        long reservation = Offer(_bob).Reservation;
        _admission.OnReleased(_now, reservation);

        Assert.All(Grants(), static grant => Assert.Equal(_bob, grant.Gateway));
    }

    [Fact]
    public void A_gateway_has_no_more_demand_than_the_limit()
    {
        for (int i = 0; i < 3 * SlotLeases.DemandMax; i++)
        {
            _ = Serve(_alice);
        }

        int kept = 0;
        for (int i = 0; i < 100; i++)
        {
            kept += Pass().Count;
        }

        Assert.InRange(kept, 1, SlotLeases.DemandMax);
    }

    [Theory]
    [InlineData(ServingState.Draining)]
    [InlineData(ServingState.Paused)]
    public void A_node_that_leaves_keeps_nothing(ServingState state)
    {
        _ = Keep(_alice, 4);
        _admission.OnState(_now, state);

        Assert.Equal(0, _admission.Report().SlotsLeased);
        Assert.Empty(Grants());
        _admission.OnState(_now, ServingState.Serving);
        Assert.NotEmpty(Grants());
    }

    [Fact]
    public void What_is_kept_for_a_gateway_that_is_gone_is_free()
    {
        LeaseGrant kept = Keep(_alice, 4)[0];
        AdmissionDecision waiting = Offer(_bob);
        _admission.OnUnsubscribed(_now, _alice);

        Assert.True(_admission.TryTakeChange(out AdmissionChange change));
        Assert.Equal(waiting.Reservation, change.Reservation);
        Assert.Equal(AdmissionVerdict.Admit, Offer(_alice, kept.Id).Verdict); // as any offer, for slots are free now
        _admission.OnUnsubscribed(_now, _alice);
        _admission.OnSubscribed(_alice);
    }

    [Fact]
    public void Nothing_is_kept_while_somebody_waits()
    {
        long[] running = [.. Enumerable.Range(0, 4).Select(_ => Offer(_alice).Reservation)];
        _ = Decide(_alice, choices: 4);
        _ = Grants();
        _admission.OnReleased(_now, running[0]);

        Assert.Empty(Grants());
        Assert.Equal(1, _admission.Report().SlotsFree);
    }

    [Fact]
    public void A_policy_without_leases_keeps_nothing()
    {
        Admission admission = new(_policy with { LeaseTime = TimeSpan.Zero });
        admission.OnSubscribed(_alice);
        admission.OnReleased(_now, admission.OnOffer(_now, Terms(), _alice).Reservation);

        Assert.False(admission.TryTakeGrant(out _));
    }

    [Fact]
    public void Whatever_gateways_do_only_free_slots_are_kept()
    {
        Prng prng = new(11);
        PeerId[] gateways = [_alice, _bob, new(new UInt256(7, 7))];
        List<ulong> known = [0, 1];
        List<long> running = [];
        for (int i = 0; i < 20_000; i++)
        {
            PeerId gateway = gateways[prng.Next(3)];
            _now += TimeSpan.FromMilliseconds(prng.Next(400));
            switch (prng.Next(8))
            {
                case 0: _admission.OnSubscribed(gateway); break;
                case 1 when prng.Next(4) == 0: _admission.OnUnsubscribed(_now, gateway); break;
                case 2: _admission.OnTimeout(_now); break;
                case 3 or 5 when running.Count > 0:
                    int ended = prng.Next(running.Count);
                    _admission.OnReleased(_now, running[ended]);
                    running.RemoveAt(ended);
                    break;
                case 4 when prng.Next(8) == 0: _admission.OnState(_now, (ServingState)(1 + prng.Next(3))); break;
                default:
                    OfferTerms terms = Terms() with
                    {
                        Choices = (uint)(1 + prng.Next(8)),
                        Leases = [known[prng.Next(known.Count)], known[^1], known[prng.Next(known.Count)]],
                        IsBatch = prng.Next(4) == 0,
                        FirstTokenMax = TimeSpan.FromSeconds(prng.Next(20)),
                    };
                    AdmissionDecision decision = _admission.OnOffer(_now, terms, gateway);
                    if (decision.Verdict != AdmissionVerdict.Refuse)
                    {
                        running.Add(decision.Reservation);
                    }

                    break;
            }

            known.AddRange(Grants().Select(static grant => grant.Id));
            while (_admission.TryTakeChange(out _))
            {
            }

            // The invariants of the class watch over the rest.
            Assert.InRange(_admission.Report().SlotsLeased, 0, _admission.Report().SlotsFree);
        }

        Assert.True(known.Count > 100);
        Assert.Equal(known.Count, known.Distinct().Count() + 1); // only the made-up 1 comes twice
    }

    private static OfferTerms Terms() => new()
    {
        RequestId = 1,
        Model = "tiny",
        PromptBytes = 50,
        OutputTokensMax = 100,
        Choices = 1,
    };

    private AdmissionDecision Offer(PeerId gateway, params ulong[] leases) => Decide(gateway, choices: 1, leases);

    private AdmissionDecision Decide(PeerId gateway, uint choices, params ulong[] leases) =>
        _admission.OnOffer(_now, Terms() with { Choices = choices, Leases = [.. leases] }, gateway);

    /// <summary>One request, from its offer to its end, which spends a lease if the gateway has one.</summary>
    private AdmissionDecision Serve(PeerId gateway)
    {
        ulong[] lease = [.. _unspent.Where(held => held.Gateway == gateway && _now < held.ExpiresAt).Select(static held => held.Id).Take(1)];
        _ = _unspent.RemoveAll(held => lease.Contains(held.Id));
        AdmissionDecision decision = Offer(gateway, lease);
        if (decision.Verdict == AdmissionVerdict.Queue)
        {
            _ = Pass();
        }

        _admission.OnReleased(_now, decision.Reservation);
        _unspent.AddRange(Grants());
        return decision;
    }

    /// <summary>Makes so many slots be kept for a gateway.</summary>
    private List<LeaseGrant> Keep(PeerId gateway, int slots)
    {
        long[] running = [.. Enumerable.Range(0, slots).Select(_ => Offer(gateway).Reservation)];
        Array.ForEach(running, reservation => _admission.OnReleased(_now, reservation));
        List<LeaseGrant> kept = Grants();
        Assert.Equal(slots, kept.Count);
        Assert.Equal(slots, _admission.Report().SlotsLeased);
        return kept;
    }

    /// <summary>Makes one slot be kept for a gateway while the other one has all others.</summary>
    private LeaseGrant KeepTheLast(PeerId gateway)
    {
        LeaseGrant kept = Keep(gateway, 1)[0];
        for (int i = 1; i < _policy.Slots; i++)
        {
            Assert.Equal(AdmissionVerdict.Admit, Offer(gateway == _alice ? _bob : _alice).Verdict);
        }

        Assert.Equal((1, 1), (_admission.Report().SlotsFree, _admission.Report().SlotsLeased));
        return kept;
    }

    /// <summary>Lets what is kept expire.</summary>
    private List<LeaseGrant> Pass()
    {
        _now += _policy.LeaseTime;
        _admission.OnTimeout(_now);
        return Grants();
    }

    private List<LeaseGrant> Grants()
    {
        List<LeaseGrant> grants = [];
        while (_admission.TryTakeGrant(out LeaseGrant grant))
        {
            grants.Add(grant);
        }

        return grants;
    }
}
