using System;
using System.Linq;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Recovery;

/// <summary>RFC 9002 section 6 with RACK's clock: what is lost, when, and when a probe goes.</summary>
public sealed class LossRecoveryTests
{
    private const int Datagram = 1200;

    private readonly LossRecovery _recovery;
    private Instant _now = new(1_000_000_000);
    private ulong _next;

    public LossRecoveryTests()
    {
        _recovery = new LossRecovery(
            new CubicController(Datagram), new RttEstimator(TimeSpan.FromMilliseconds(333)), TimeSpan.FromMilliseconds(25), Datagram, _now);
        Send(1);
        Pass(80);
        Acknowledge(0, 0);
    }

    [Fact]
    public void Three_later_packets_prove_a_loss_at_once()
    {
        Send(4);
        Pass(80);
        Acknowledge(2, 3);
        Assert.Empty(_recovery.Lost);
        Acknowledge(4, 4);
        Assert.Equal([1UL], _recovery.Lost.Select(p => p.Number));
    }

    [Fact]
    public void Fewer_prove_it_after_an_eighth_of_a_round_trip()
    {
        Send(2);
        Pass(80);
        Acknowledge(2, 2);
        Assert.Empty(_recovery.Lost);
        Assert.Equal(_now + TimeSpan.FromMilliseconds(10), _recovery.Deadline);
        Pass(10);
        _recovery.OnTimeout(_now);
        Assert.Equal([1UL], _recovery.Lost.Select(p => p.Number));
    }

    [Fact]
    public void After_reordering_was_seen_only_time_proves_a_loss()
    {
        Send(6);
        Pass(80);
        Acknowledge(2, 3);
        Acknowledge(1, 1);
        Acknowledge(6, 6);
        Assert.Empty(_recovery.Lost);
        Pass(19);
        _recovery.OnTimeout(_now);
        Assert.Empty(_recovery.Lost);
        Pass(1);
        _recovery.OnTimeout(_now);
        Assert.Equal([4UL, 5UL], _recovery.Lost.Select(p => p.Number));
    }

    [Fact]
    public void A_loss_that_arrives_after_all_is_counted_and_settled_once()
    {
        Send(4);
        Pass(80);
        Acknowledge(2, 4);
        Assert.Single(_recovery.Lost);
        _recovery.Lost.Clear();
        Acknowledge(1, 4);
        Assert.Equal(1, _recovery.SpuriousCount);
        Assert.Empty(_recovery.Lost);
        Assert.Equal(0, _recovery.BytesInFlight);
        Acknowledge(1, 4);
        Assert.Equal(1, _recovery.SpuriousCount);
    }

    [Fact]
    public void The_probe_timer_doubles_after_a_while_up_to_its_cap_until_something_arrives()
    {
        Send(1);
        TimeSpan first = _recovery.Deadline!.Value - _now;
        Assert.Equal(80 + 160 + 25, first.TotalMilliseconds);
        Instant steadyUntil = _recovery.Deadline!.Value + LossRecovery.SteadyProbing;
        while (_recovery.Deadline!.Value < steadyUntil)
        {
            PassProbeTimeout();
            Assert.Equal(first, _recovery.Deadline!.Value - _now);
        }
        PassProbeTimeout();
        Assert.Equal(first * 2, _recovery.Deadline!.Value - _now);
        PassProbeTimeout();
        Assert.Equal(first * 4, _recovery.Deadline!.Value - _now);
        PassProbeTimeout();
        Assert.Equal(LossRecovery.ProbeIntervalMax, _recovery.Deadline!.Value - _now);
        Acknowledge(1, 1);
        Assert.Equal(0, _recovery.ProbesPending);
        Assert.Null(_recovery.Deadline);
    }

    private void PassProbeTimeout()
    {
        _now = _recovery.Deadline!.Value;
        _recovery.OnTimeout(_now);
        Assert.Equal(2, _recovery.ProbesPending);
    }

    [Fact]
    public void Packets_of_a_path_that_was_left_are_handed_back_and_say_nothing_of_congestion()
    {
        Send(3);
        long window = _recovery.WindowBytes;
        _recovery.Abandon(_now);
        Assert.Equal(3, _recovery.Lost.Count);
        Assert.Equal((0L, window, 0L), (_recovery.BytesInFlight, _recovery.WindowBytes, _recovery.LostCount));
        Assert.Null(_recovery.Deadline);
        _recovery.Lost.Clear();
        Acknowledge(1, 3);
        Assert.Equal(0, _recovery.SpuriousCount);
        Assert.Empty(_recovery.Acknowledged);
    }

    [Fact]
    public void Early_timeouts_do_nothing()
    {
        Send(1);
        _recovery.OnTimeout(_now);
        Assert.Equal(0, _recovery.ProbesPending);
    }

    [Fact]
    public void Losses_over_three_probe_timeouts_are_persistent_congestion()
    {
        long before = _recovery.WindowBytes;
        for (int i = 0; i < 12; i++)
        {
            Send(1);
            Pass(100);
        }
        Send(1);
        Pass(80);
        Acknowledge(13, 13);
        Assert.True(_recovery.Lost.Count > 0);

        // The least window, and what the ACK that proved it adds.
        long least = CongestionWindow.MinimumPackets * Datagram;
        Assert.InRange(_recovery.WindowBytes, least, least + Datagram);
        Assert.True(before > _recovery.WindowBytes);
    }

    [Fact]
    public void A_lost_probe_for_larger_datagrams_is_handed_back_and_is_no_congestion()
    {
        long before = _recovery.WindowBytes;
        _recovery.OnSent(_now, _next++, 1452, SentFrameLists.Empty, isMtuProbe: true);
        Send(3);
        Pass(80);
        Acknowledge(2, 4);
        SentPacket probe = Assert.Single(_recovery.Lost);
        Assert.True(probe.IsMtuProbe);
        Assert.Equal(0, _recovery.LostCount);
        Assert.Equal(0, _recovery.BytesInFlight);
        Assert.True(_recovery.WindowBytes >= before);
    }

    [Fact]
    public void Larger_datagrams_need_more_room_in_the_window()
    {
        Send(CongestionWindow.InitialPackets);
        Assert.True(_recovery.HasWindow);
        _recovery.SetDatagramBytes(Datagram + 1);
        Assert.False(_recovery.HasWindow);
    }

    [Fact]
    public void Losses_that_all_arrive_after_all_give_the_window_back()
    {
        long before = _recovery.WindowBytes;
        Send(6);
        Pass(80);
        Acknowledge(3, 6);
        Assert.Equal([1UL, 2UL], _recovery.Lost.Select(p => p.Number));
        Assert.True(_recovery.WindowBytes < before);
        Acknowledge(1, 1);
        Assert.True(_recovery.WindowBytes < before);
        Acknowledge(2, 2);
        Assert.True(_recovery.WindowBytes >= before);
    }

    private void Send(int packets)
    {
        for (int i = 0; i < packets; i++)
        {
            _recovery.OnSent(_now, _next++, Datagram, SentFrameLists.Empty);
        }
    }

    private void Pass(double milliseconds) => _now += TimeSpan.FromMilliseconds(milliseconds);

    private void Acknowledge(ulong smallest, ulong largest)
    {
        _recovery.Acknowledged.Clear();
        PacketRange[] ranges = [new(smallest, largest)];
        _recovery.OnAck(_now, new AckFrame(ranges, 0), TimeSpan.Zero);
    }
}
