using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Mesh.Transport.Recovery.Bbr;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Recovery.Bbr;

/// <summary>The parts of the model, each alone.</summary>
public sealed class FilterTests
{
    private const int Datagram = 1000;

    private Instant _now = new(1_000_000_000);

    [Fact]
    public void The_bandwidth_is_the_greatest_of_this_cycle_and_the_last()
    {
        BandwidthFilter filter = new();
        filter.OnSample(Rate(100));
        filter.Advance();
        filter.OnSample(Rate(50));
        Assert.Equal(100, filter.BytesPerSecond);
        filter.Advance();
        Assert.Equal(50, filter.BytesPerSecond);
        filter.Advance();
        Assert.Equal(50, filter.BytesPerSecond);
    }

    [Fact]
    public void A_sample_that_the_application_held_down_counts_only_upwards()
    {
        BandwidthFilter filter = new();
        filter.OnSample(Rate(100));
        filter.Advance();
        filter.OnSample(Rate(10, isApplicationLimited: true));
        filter.Advance();
        Assert.Equal(100, filter.BytesPerSecond);
        filter.OnSample(Rate(200, isApplicationLimited: true));
        Assert.Equal(200, filter.BytesPerSecond);
    }

    [Fact]
    public void The_least_round_trip_is_confirmed_by_one_close_to_it()
    {
        MinimumRttFilter filter = new(_now);
        Feed(filter, 40, seconds: 0);
        Feed(filter, 41.25, seconds: 4);
        Feed(filter, 80, seconds: 4);
        Assert.False(filter.IsExpired);
        Feed(filter, 80, seconds: 2);
        Assert.True(filter.IsExpired);
    }

    [Fact]
    public void An_ACK_without_a_sample_changes_nothing()
    {
        MinimumRttFilter filter = new(_now);
        filter.OnAcknowledged(_now, null);
        Assert.Null(filter.Minimum);
        Feed(filter, 40, seconds: 0);
        filter.OnAcknowledged(_now, null);
        Assert.Equal(40, filter.Minimum!.Value.TotalMilliseconds);
    }

    [Fact]
    public void A_longer_round_trip_is_believed_after_ten_seconds()
    {
        MinimumRttFilter filter = new(_now);
        Feed(filter, 40, seconds: 0);
        Feed(filter, 60, seconds: 6);
        Assert.Equal(40, filter.Minimum!.Value.TotalMilliseconds);
        Feed(filter, 60, seconds: 5);
        Assert.Equal(60, filter.Minimum!.Value.TotalMilliseconds);
        Feed(filter, 30, seconds: 0);
        Assert.Equal(30, filter.Minimum!.Value.TotalMilliseconds);
    }

    [Fact]
    public void Two_of_a_hundred_may_be_lost_and_what_chance_adds()
    {
        // 2 expected, and three times the square root of 2.
        Assert.False(LossCeiling.IsExceeded(6 * Datagram, 100 * Datagram, Datagram));
        Assert.True(LossCeiling.IsExceeded(7 * Datagram, 100 * Datagram, Datagram));

        // 200 expected, and 42: the more was sent, the less chance explains.
        Assert.False(LossCeiling.IsExceeded(242 * Datagram, 10_000 * Datagram, Datagram));
        Assert.True(LossCeiling.IsExceeded(243 * Datagram, 10_000 * Datagram, Datagram));
    }

    [Fact]
    public void The_pipe_is_full_after_three_rounds_without_a_quarter_more()
    {
        FullPipe pipe = new();
        pipe.OnRoundStart(Rate(100));
        pipe.OnRoundStart(Rate(125));
        pipe.OnRoundStart(Rate(150));
        pipe.OnRoundStart(Rate(20, isApplicationLimited: true));
        pipe.OnRoundStart(Rate(150));
        Assert.False(pipe.IsFullNow);
        pipe.OnRoundStart(Rate(150));
        Assert.True(pipe.IsFullNow);
        pipe.Reset();
        Assert.False(pipe.IsFullNow);
        Assert.True(pipe.WasFull);
    }

    [Fact]
    public void Probes_come_one_to_two_seconds_apart_or_after_a_Reno_flow_s_rounds()
    {
        ProbeClock clock = new(new Prng(1));
        HashSet<long> waits = [];
        for (int i = 0; i < 50; i++)
        {
            clock.Restart(_now);
            long wait = 0;
            while (!clock.IsDue(_now + TimeSpan.FromMilliseconds(wait), targetPackets: 1000))
            {
                wait++;
            }
            Assert.InRange(wait, 1000, 2001);
            _ = waits.Add(wait);
        }
        Assert.True(waits.Count > 30);
        clock.Restart(_now);
        clock.OnExcessiveLoss();
        Assert.False(clock.IsDue(_now + TimeSpan.FromSeconds(2), targetPackets: 1000));
        Assert.True(clock.IsDue(_now + TimeSpan.FromSeconds(3.1), targetPackets: 1000));
        for (int i = 0; i < 10; i++)
        {
            clock.OnRoundStart();
        }
        Assert.True(clock.IsDue(_now, targetPackets: 10));
        Assert.False(clock.IsDue(_now, targetPackets: 12));
    }

    [Fact]
    public void The_windowed_maximum_is_never_below_the_true_one_nor_older_than_its_window()
    {
        const int rounds = 10;
        Prng prng = new(7);
        WindowedMaximum maximum = new();
        List<long> values = [];
        for (int round = 0; round < 2000; round++)
        {
            values.Add(prng.Next(1000));
            maximum.Update(values[^1], round, rounds);
            Assert.Contains(maximum.Value, values.TakeLast(rounds + 1));
            Assert.True(maximum.Value >= values[^1]);
        }
    }

    [Fact]
    public void Too_much_loss_lowers_the_bounds_to_what_was_delivered_and_a_probe_forgets_them()
    {
        ShortTermBounds bounds = new();
        Round(bounds, lost: 1);
        Assert.Equal(double.PositiveInfinity, bounds.BytesPerSecond);
        Round(bounds, lost: 20);
        Assert.Equal(99_000, bounds.BytesPerSecond);
        Assert.Equal(140_000, bounds.BytesInFlight);
        Round(bounds, lost: 20);
        Assert.Equal(80_000, bounds.BytesPerSecond);
        Assert.Equal(98_000, bounds.BytesInFlight);
        bounds.Undo();
        Assert.Equal(99_000, bounds.BytesPerSecond);
        bounds.Reset();
        Assert.Equal(long.MaxValue, bounds.BytesInFlight);
    }

    [Fact]
    public void The_long_term_bound_rises_ever_faster_under_a_probe()
    {
        LongTermBound bound = new();
        Assert.Equal(long.MaxValue, bound.BytesWithHeadroom(Datagram));
        bound.Lower(100 * Datagram);
        Assert.Equal(85 * Datagram, bound.BytesWithHeadroom(Datagram));
        bound.BeginProbe(100 * Datagram, Datagram);
        long[] steps = [1, 2, 4, 8];
        foreach (long step in steps)
        {
            long before = bound.Bytes;
            bound.Raise(100 * Datagram, isRoundStart: true, 100 * Datagram, Datagram);
            Assert.Equal(step * Datagram, bound.Bytes - before);
        }
    }

    private long _delivered;

    /// <summary>A round in which a hundred datagrams were sent, and these lost.</summary>
    private void Round(ShortTermBounds bounds, int lost)
    {
        long start = _delivered;
        for (int i = 0; i < lost; i++)
        {
            bounds.OnLost(new LossSample { Bytes = Datagram });
        }
        _delivered += (100 - lost) * Datagram;
        RateSample rate = new(1000 * (100 - lost), (100 - lost) * Datagram, start, _delivered, 100 * Datagram, lost * Datagram, false);
        bounds.OnSample(rate);
        bounds.Adapt(rate, Datagram, 100_000, 200 * Datagram);
        bounds.Advance(rate);
    }

    private static RateSample Rate(double bytesPerSecond, bool isApplicationLimited = false) =>
        new() { BytesPerSecond = bytesPerSecond, IsApplicationLimited = isApplicationLimited };

    private void Feed(MinimumRttFilter filter, double milliseconds, double seconds)
    {
        _now += TimeSpan.FromSeconds(seconds);
        filter.OnAcknowledged(_now, TimeSpan.FromMilliseconds(milliseconds));
    }
}
