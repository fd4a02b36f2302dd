using System;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>How long losses are felt, on a path of 20 ms there and back.</summary>
public sealed class RecoveryTests
{
    [Fact]
    public void A_lost_tail_is_repaired_by_one_probe_with_its_bytes()
    {
        using Pair pair = new();
        pair.Run(TimeSpan.FromSeconds(1));
        int first = pair.Client.DatagramsSent;
        pair.Drops = (side, i) => side == pair.Client && i == first;
        Instant start = pair.Now;
        StreamId stream = pair.Client.OpenAndSend(new byte[500]);
        pair.RunUntil(() => pair.Server.HasFinished(stream));

        // One PTO (20 ms RTT, 40 ms of variation at first, 25 ms of delay) and half a round trip.
        Assert.InRange((pair.Now - start).TotalMilliseconds, 10, 120);
    }

    [Fact]
    public void A_lost_packet_in_a_burst_is_repaired_within_two_round_trips()
    {
        using Pair pair = new();
        pair.Run(TimeSpan.FromSeconds(1));
        int first = pair.Client.DatagramsSent;
        pair.Drops = (side, i) => side == pair.Client && i == first;
        Instant start = pair.Now;
        StreamId stream = pair.Client.OpenAndSend(new byte[10_000]);
        pair.RunUntil(() => pair.Server.HasFinished(stream));
        Assert.InRange((pair.Now - start).TotalMilliseconds, 10, 50);
        Assert.Equal(1, pair.Client.Connection.Statistics.PacketsLost);
    }

    [Fact]
    public void Jitter_is_not_taken_for_loss()
    {
        LinkFaults link = new() { Latency = TimeSpan.FromMilliseconds(18), Jitter = TimeSpan.FromMilliseconds(4), BytesPerSecond = 6_000_000 };
        using Pair pair = new(link);
        StreamId stream = pair.Client.OpenAndSend(new byte[5_000_000]);
        pair.RunUntil(() => pair.Server.HasFinished(stream));
        ConnectionStatistics statistics = pair.Client.Connection.Statistics;
        Assert.True(statistics.PacketsLostSpuriously * 100 < statistics.PacketsSent, $"{statistics}");
    }

    [Fact]
    public void A_receiver_of_bulk_acknowledges_every_second_packet()
    {
        using Pair pair = new(new LinkFaults { BytesPerSecond = 5_000_000 });
        StreamId stream = pair.Client.OpenAndSend(new byte[1_000_000]);
        pair.RunUntil(() => pair.Server.HasFinished(stream));
        Assert.InRange(pair.Server.DatagramsSent / (double)pair.Client.DatagramsSent, 0.4, 0.65);
    }

    [Fact]
    public void On_a_fast_path_eight_packets_or_more_share_an_acknowledgement()
    {
        using Pair pair = new(new LinkFaults { BytesPerSecond = 60_000_000, QueueBytes = 1_000_000 });
        StreamId stream = pair.Client.OpenAndSend(new byte[20_000_000]);
        pair.RunUntil(() => pair.Server.HasFinished(stream));
        Assert.InRange(pair.Server.DatagramsSent / (double)pair.Client.DatagramsSent, 0.05, 0.2);
    }

    [Fact]
    public void Sixty_thousand_pure_acknowledgements_hold_nothing_back()
    {
        // The server only acknowledges for a long time, then has something to say, and loses the first of it.
        using Pair pair = new(new LinkFaults { Latency = TimeSpan.FromMicroseconds(100), BytesPerSecond = 12_500_000 });
        StreamId stream = pair.Client.Open();
        pair.Server.ReadsByItself = true;
        byte[] chunk = new byte[64 * 1024];
        while (pair.Server.DatagramsSent < 60_000)
        {
            _ = pair.Client.Connection.Write(stream, chunk);
            pair.Run(TimeSpan.FromMilliseconds(1));
        }
        int sent = pair.Server.DatagramsSent;
        int lost = 0;
        pair.Drops = (side, i) => side == pair.Server && i >= sent && lost++ == 0;
        StreamId answer = pair.Server.OpenAndSend(new byte[200_000]);
        pair.RunUntil(() => pair.Client.HasFinished(answer), TimeSpan.FromSeconds(5));
        Assert.True(lost > 0);
    }

    [Fact]
    public void The_first_window_does_not_wait_for_the_first_round_trip()
    {
        using Pair pair = new(new LinkFaults { Latency = TimeSpan.FromMilliseconds(100) });
        Instant start = pair.Now;
        StreamId stream = pair.Client.OpenAndSend(new byte[30_000]);
        pair.RunUntil(() => pair.Server.HasFinished(stream));
        Assert.InRange((pair.Now - start).TotalMilliseconds, 100, 120);
    }

    [Fact]
    public void A_blackout_costs_little_more_than_itself()
    {
        using Pair pair = new(new LinkFaults { BytesPerSecond = 2_000_000 });
        StreamId stream = pair.Client.OpenAndSend(new byte[3_000_000]);
        pair.Run(TimeSpan.FromMilliseconds(500));
        pair.Drops = (_, _) => true;
        pair.Run(TimeSpan.FromSeconds(3));
        pair.Drops = null;
        Instant start = pair.Now;
        int before = pair.Server.BytesOf(stream).Length;
        pair.RunUntil(() => pair.Server.BytesOf(stream).Length > before);
        Assert.True(pair.Now - start < TimeSpan.FromSeconds(3.5), $"{pair.Now - start}");
        pair.RunUntil(() => pair.Server.HasFinished(stream));
    }

    [Theory]
    [InlineData(CongestionControl.Cubic)]
    public void A_clean_bottleneck_is_filled(CongestionControl control)
    {
        LinkFaults link = new() { Latency = TimeSpan.FromMilliseconds(20), BytesPerSecond = 12_500_000, QueueBytes = 500_000 };
        using Pair pair = new(link, new ConnectionOptions { CongestionControl = control });
        StreamId stream = pair.Client.OpenAndSend(new byte[30_000_000]);
        Instant start = pair.Now;
        pair.RunUntil(() => pair.Server.HasFinished(stream));
        double rate = 30_000_000 / (pair.Now - start).TotalSeconds;
        Assert.True(rate > 0.85 * 12_500_000, $"{rate / 1e6:F2} MB/s, {pair.Client.Connection.Statistics}");
    }
}
