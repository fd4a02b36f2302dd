using System;
using System.Collections.Generic;
using System.Linq;
using Xunit;

namespace Darkbloom.LinkEmulator.Tests;

/// <summary>What a direction does, in virtual time: counts and moments, not measurements.</summary>
public sealed class LinkModelTests
{
    private const int Packets = 100_000;
    private const long Millisecond = 1_000_000;

    [Fact]
    public void Every_packet_takes_the_delay()
    {
        LinkModel model = new(1) { Profile = new LinkProfile { Delay = TimeSpan.FromMilliseconds(20) } };

        Assert.Equal(new PacketFate(PacketOutcome.Delivered, 25 * Millisecond), model.Offer(5 * Millisecond, 5 * Millisecond, 1500));
        Assert.Equal(new PacketFate(PacketOutcome.Delivered, 26 * Millisecond), model.Offer(6 * Millisecond, 6 * Millisecond, 1500));
    }

    [Fact]
    public void A_burst_leaves_at_the_rate_of_the_bottleneck()
    {
        LinkModel model = new(1) { Profile = new LinkProfile { BitsPerSecond = 100e6, QueueBytesMax = int.MaxValue } };

        long[] due = [.. Enumerable.Range(0, 1000).Select(_ => model.Offer(0, 0, 1250).DueNs)];

        Assert.Equal(Enumerable.Range(1, 1000).Select(number => number * 100_000L), due);
    }

    [Fact]
    public void A_bottleneck_that_was_idle_keeps_no_credit()
    {
        LinkModel model = new(1) { Profile = new LinkProfile { BitsPerSecond = 100e6 } };

        _ = model.Offer(0, 0, 1250);

        Assert.Equal((50 * Millisecond) + 100_000, model.Offer(50 * Millisecond, 50 * Millisecond, 1250).DueNs);
    }

    [Fact]
    public void Looking_rarely_costs_no_capacity()
    {
        LinkModel model = new(1) { Profile = new LinkProfile { BitsPerSecond = 100e6 } };

        // Ten packets came within the millisecond before the look: an idle bottleneck has sent them by now.
        Assert.All(Enumerable.Range(0, 10), _ => Assert.Equal(Millisecond, model.Offer(0, Millisecond, 1250).DueNs));
        Assert.Equal(Millisecond + 100_000, model.Offer(0, Millisecond, 1250).DueNs);
    }

    [Theory]
    [InlineData(12_499, 9)]
    [InlineData(12_500, 10)]
    [InlineData(12_501, 10)]
    public void A_queue_takes_what_fits_and_drops_the_rest(int queueBytes, int fitting)
    {
        LinkModel model = new(1) { Profile = new LinkProfile { BitsPerSecond = 100e6, QueueBytesMax = queueBytes } };

        PacketOutcome[] outcomes = [.. Enumerable.Range(0, 20).Select(_ => model.Offer(0, 0, 1250).Outcome)];

        Assert.Equal(fitting, outcomes.Count(outcome => outcome == PacketOutcome.Delivered));
        Assert.All(outcomes.Skip(fitting), outcome => Assert.Equal(PacketOutcome.QueueOverflow, outcome));
        Assert.Equal(20 - fitting, model.Counters.QueueOverflows);
    }

    [Fact]
    public void The_share_that_is_lost_is_the_one_asked_for()
    {
        LinkModel model = Offered(new LinkProfile { LossRate = 0.01 });

        Assert.InRange(model.Counters.Lost, 0.009 * Packets, 0.011 * Packets);
        Assert.Equal(Packets, model.Counters.Lost + model.Counters.Delivered);
    }

    [Fact]
    public void Bursts_have_the_share_and_the_length_asked_for()
    {
        LinkModel model = new(7) { Profile = new LinkProfile { BurstLoss = new BurstLoss(EnterRate: 0.01, LeaveRate: 0.25) } };

        bool[] lost = [.. Enumerable.Range(0, Packets).Select(_ => model.Offer(0, 0, 100).Outcome == PacketOutcome.Lost)];

        int bursts = lost.Zip(lost.Skip(1)).Count(pair => !pair.First && pair.Second);
        Assert.InRange(lost.Count(isLost => isLost), 0.035 * Packets, 0.042 * Packets); // 0.01 / (0.01 + 0.25)
        Assert.InRange((double)lost.Count(isLost => isLost) / bursts, 3.7, 4.3); // 1 / 0.25
    }

    [Fact]
    public void Single_losses_come_in_no_bursts()
    {
        LinkModel model = new(7) { Profile = new LinkProfile { LossRate = 0.04 } };

        bool[] lost = [.. Enumerable.Range(0, Packets).Select(_ => model.Offer(0, 0, 100).Outcome == PacketOutcome.Lost)];

        int bursts = lost.Zip(lost.Skip(1)).Count(pair => !pair.First && pair.Second);
        Assert.InRange((double)lost.Count(isLost => isLost) / bursts, 1.0, 1.1);
    }

    [Fact]
    public void Jitter_spreads_the_delay_evenly_and_lets_packets_overtake()
    {
        LinkProfile profile = new() { Delay = TimeSpan.FromMilliseconds(20), Jitter = TimeSpan.FromMilliseconds(4) };
        LinkModel model = new(3) { Profile = profile };

        long[] due = [.. Enumerable.Range(0, Packets).Select(_ => model.Offer(0, 0, 100).DueNs)];

        Assert.All(due, at => Assert.InRange(at, 20 * Millisecond, 24 * Millisecond));
        Assert.InRange(due.Average(), 21.95 * Millisecond, 22.05 * Millisecond);
        Assert.Contains(due.Zip(due.Skip(1)), pair => pair.First > pair.Second);
    }

    [Fact]
    public void Reordered_packets_skip_the_delay()
    {
        LinkModel model = new(4) { Profile = new LinkProfile { Delay = TimeSpan.FromMilliseconds(20), ReorderRate = 0.02 } };

        long[] due = [.. Enumerable.Range(0, Packets).Select(_ => model.Offer(0, 0, 100).DueNs)];

        Assert.InRange(due.Count(at => at == 0), 0.018 * Packets, 0.022 * Packets);
        Assert.All(due, at => Assert.True(at is 0 or 20 * Millisecond));
    }

    [Fact]
    public void The_share_that_arrives_twice_is_the_one_asked_for()
    {
        LinkModel model = Offered(new LinkProfile { DuplicateRate = 0.03 });

        Assert.InRange(model.Counters.Duplicated, 0.027 * Packets, 0.033 * Packets);
        Assert.Equal(Packets, model.Counters.Delivered);
    }

    [Theory]
    [InlineData(1299, PacketOutcome.Delivered)]
    [InlineData(1300, PacketOutcome.Delivered)]
    [InlineData(1301, PacketOutcome.TooLong)]
    public void A_packet_longer_than_the_path_carries_vanishes(int bytes, PacketOutcome outcome)
    {
        LinkModel model = new(1) { Profile = new LinkProfile { PacketBytesMax = 1300 } };

        Assert.Equal(outcome, model.Offer(0, 0, bytes).Outcome);
    }

    [Fact]
    public void Nothing_passes_while_the_link_is_down()
    {
        LinkModel model = new(1) { Profile = new LinkProfile { IsDown = true } };
        Assert.Equal(PacketOutcome.Down, model.Offer(0, 0, 100).Outcome);

        model.Profile = new LinkProfile();

        Assert.Equal(PacketOutcome.Delivered, model.Offer(0, 0, 100).Outcome);
        Assert.Equal(1, model.Counters.WhileDown);
    }

    [Fact]
    public void A_seed_repeats_every_fate_and_another_one_does_not()
    {
        LinkProfile profile = new()
        {
            Delay = TimeSpan.FromMilliseconds(20),
            Jitter = TimeSpan.FromMilliseconds(4),
            LossRate = 0.02,
            DuplicateRate = 0.01,
            ReorderRate = 0.01,
            BurstLoss = new BurstLoss(0.01, 0.3),
        };

        Assert.Equal(Fates(profile, 5), Fates(profile, 5));
        Assert.NotEqual(Fates(profile, 5), Fates(profile, 6));
    }

    [Fact]
    public void The_luck_of_a_packet_does_not_depend_on_what_befell_others()
    {
        List<PacketFate> calm = Fates(new LinkProfile { LossRate = 0.02 }, 5);
        List<PacketFate> rough = Fates(new LinkProfile { LossRate = 0.02, DuplicateRate = 0.5, ReorderRate = 0.5 }, 5);

        Assert.Equal(calm.Select(fate => fate.Outcome == PacketOutcome.Lost), rough.Select(fate => fate.Outcome == PacketOutcome.Lost));
    }

    private static LinkModel Offered(LinkProfile profile)
    {
        LinkModel model = new(2) { Profile = profile };
        for (int i = 0; i < Packets; i++)
        {
            _ = model.Offer(0, 0, 100);
        }
        return model;
    }

    private static List<PacketFate> Fates(LinkProfile profile, int seed)
    {
        LinkModel model = new(seed) { Profile = profile };
        return [.. Enumerable.Range(0, 1000).Select(i => model.Offer(i, i, 100))];
    }
}
