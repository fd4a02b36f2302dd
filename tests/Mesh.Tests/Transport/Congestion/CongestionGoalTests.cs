using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Transport;
using Xunit;
using Xunit.Abstractions;

namespace Darkbloom.Mesh.Tests.Transport.Congestion;

/// <summary>What users feel, on paths of 40 ms: rate, fairness and the time of a short message beside bulk.</summary>
public sealed class CongestionGoalTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_roundTrip = TimeSpan.FromMilliseconds(40);

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void A_hundred_megabits_are_filled_whatever_a_hundredth_of_the_datagrams_does(int lost)
    {
        BottleneckLink link = new() { MegabitsPerSecond = 100, Lost = lost };
        using Dumbbell dumbbell = new(link);
        Flow flow = dumbbell.AddFlow(CongestionControl.Bbr);
        Assert.InRange(Utilisation(dumbbell, link, flow, 10), 0.9, 1);
    }

    [Fact]
    public void Jitter_and_losses_leave_four_fifths_of_the_link_and_few_packets_go_twice_for_nothing()
    {
        BottleneckLink link = new() { MegabitsPerSecond = 50, Lost = 20, Jitter = TimeSpan.FromMilliseconds(4) };
        using Dumbbell dumbbell = new(link);
        Flow flow = dumbbell.AddFlow(CongestionControl.Bbr);
        Assert.InRange(Utilisation(dumbbell, link, flow, 10), 0.8, 1);
        ConnectionStatistics statistics = flow.Sender.Statistics;
        Assert.True(statistics.PacketsLostSpuriously * 100 < statistics.PacketsSent, $"{statistics}");
    }

    [Fact]
    public void Two_flows_share_a_bottleneck_evenly()
    {
        BottleneckLink link = new() { MegabitsPerSecond = 100 };
        using Dumbbell dumbbell = new(link);
        Flow first = dumbbell.AddFlow(CongestionControl.Bbr);
        first.SendBulk();
        dumbbell.Run(TimeSpan.FromSeconds(2));
        Flow second = dumbbell.AddFlow(CongestionControl.Bbr);
        second.SendBulk();
        dumbbell.Run(TimeSpan.FromSeconds(3));
        double[] rates = Rates(dumbbell, 10, first, second);
        double jain = Math.Pow(rates.Sum(), 2) / (rates.Length * rates.Sum(r => r * r));
        output.WriteLine($"jain {jain:F3} rates {rates[0]:F2} {rates[1]:F2}");
        Assert.True(jain >= 0.95, $"{jain:F3}: {rates[0] / 1e6:F2} and {rates[1] / 1e6:F2} MB/s");
    }

    [Fact]
    public void A_cubic_flow_gets_its_share_and_leaves_ours()
    {
        BottleneckLink link = new() { MegabitsPerSecond = 100 };
        using Dumbbell dumbbell = new(link);
        Flow bbr = dumbbell.AddFlow(CongestionControl.Bbr);
        Flow cubic = dumbbell.AddFlow(CongestionControl.Cubic);
        bbr.SendBulk();
        cubic.SendBulk();
        dumbbell.Run(TimeSpan.FromSeconds(5));
        double[] rates = Rates(dumbbell, 15, bbr, cubic);
        output.WriteLine($"share {rates[0] / rates.Sum():F3} rates {rates[0]:F2} {rates[1]:F2}");
        Assert.InRange(rates[0] / rates.Sum(), 0.3, 0.7);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void A_message_beside_bulk_comes_back_within_two_round_trips(int lost)
    {
        BottleneckLink link = new() { MegabitsPerSecond = 100, Lost = lost };
        using Dumbbell dumbbell = new(link);
        Flow flow = dumbbell.AddFlow(CongestionControl.Bbr);
        flow.SendBulk();
        dumbbell.Run(TimeSpan.FromSeconds(1));
        long before = flow.BytesReceived;
        for (int i = 0; i < 400; i++)
        {
            flow.SendMessage(dumbbell.Now);
            dumbbell.Run(TimeSpan.FromMilliseconds(20));
        }
        double utilisation = (flow.BytesReceived - before) / (8 * link.BytesPerSecond);
        output.WriteLine($"utilisation {utilisation:F3} p50 {Percentile(flow.EchoTimes, 0.5)} p99 {Percentile(flow.EchoTimes, 0.99)}");
        Assert.InRange(Percentile(flow.EchoTimes, 0.5), s_roundTrip, s_roundTrip * 2);
        Assert.InRange(Percentile(flow.EchoTimes, 0.99), s_roundTrip, s_roundTrip * 4);
        Assert.InRange(utilisation, 0.9, 1);
    }

    [Fact]
    public void A_lost_ping_costs_little_more_than_a_probe()
    {
        BottleneckLink link = new() { MegabitsPerSecond = 100, Lost = 10 };
        using Dumbbell dumbbell = new(link);
        Flow flow = dumbbell.AddFlow(CongestionControl.Bbr);
        flow.PingPong(dumbbell.Now);
        dumbbell.Run(TimeSpan.FromSeconds(120));
        output.WriteLine($"n {flow.EchoTimes.Count} p50 {Percentile(flow.EchoTimes, 0.5)} p99 {Percentile(flow.EchoTimes, 0.99)} max {flow.EchoTimes.Max()}");
        Assert.True(flow.EchoTimes.Count > 1000);
        Assert.InRange(Percentile(flow.EchoTimes, 0.99), s_roundTrip, s_roundTrip * 2.5);
    }

    private double Utilisation(Dumbbell dumbbell, BottleneckLink link, Flow flow, int seconds)
    {
        flow.SendBulk();
        dumbbell.Run(TimeSpan.FromSeconds(seconds));
        double utilisation = flow.BytesReceived / (seconds * link.BytesPerSecond);
        output.WriteLine($"utilisation {utilisation:F3} {flow.Sender.Statistics} dropped {dumbbell.Forward.DatagramsDropped}");
        return utilisation;
    }

    private static double[] Rates(Dumbbell dumbbell, int seconds, params Flow[] flows)
    {
        long[] before = [.. flows.Select(f => f.BytesReceived)];
        dumbbell.Run(TimeSpan.FromSeconds(seconds));
        return [.. flows.Select((f, i) => (f.BytesReceived - before[i]) / (double)seconds)];
    }

    private static TimeSpan Percentile(List<TimeSpan> times, double share) => times.Order().ElementAt((int)(times.Count * share));
}
