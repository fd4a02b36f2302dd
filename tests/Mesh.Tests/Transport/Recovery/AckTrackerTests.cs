using System;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Recovery;

public sealed class AckTrackerTests
{
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(25);

    private readonly AckTracker _acks = new(s_delay);
    private Instant _now = new(1_000_000_000);

    [Fact]
    public void The_very_first_packet_is_acknowledged_at_once()
    {
        _acks.OnReceived(_now, 0, asksForAck: true);
        Assert.True(_acks.IsDue(_now));
    }

    [Fact]
    public void One_packet_waits_for_a_second_or_for_the_delay()
    {
        Begin();
        _acks.OnReceived(_now, 1, asksForAck: true);
        Assert.True(_acks.IsPending);
        Assert.False(_acks.IsDue(_now));
        Assert.Equal(_now + s_delay, _acks.Deadline);
        Assert.True(_acks.IsDue(_now + s_delay));
        _acks.OnReceived(_now, 2, asksForAck: true);
        Assert.True(_acks.IsDue(_now));
    }

    [Fact]
    public void A_gap_is_told_at_once_and_so_is_its_end()
    {
        Begin();
        _acks.OnReceived(_now, 2, asksForAck: true);
        Assert.True(_acks.IsDue(_now));
        _acks.OnAckSent();
        _acks.OnReceived(_now, 1, asksForAck: true);
        Assert.True(_acks.IsDue(_now));
    }

    [Fact]
    public void Packets_that_only_acknowledge_are_not_acknowledged_on_their_own()
    {
        Begin();
        for (ulong number = 1; number < 10; number++)
        {
            _acks.OnReceived(_now, number, asksForAck: false);
        }
        Assert.False(_acks.IsPending);
        Assert.Null(_acks.Deadline);
        Assert.Equal(9UL, _acks.Compose(_now).LargestAcknowledged);
    }

    [Fact]
    public void The_frame_tells_ranges_from_the_highest_down_and_the_wait()
    {
        Begin();
        foreach (ulong number in new ulong[] { 1, 5, 6, 9 })
        {
            _acks.OnReceived(_now, number, asksForAck: true);
        }
        AckFrame frame = _acks.Compose(_now + TimeSpan.FromMicroseconds(700));
        Assert.Equal([new PacketRange(9, 9), new PacketRange(5, 6), new PacketRange(0, 1)], frame.Ranges.ToArray());
        Assert.Equal(700UL, frame.DelayMicroseconds);
    }

    [Theory]
    [InlineData(31, 31)]
    [InlineData(32, 32)]
    [InlineData(33, 32)]
    public void At_most_32_ranges_are_remembered_and_the_oldest_is_forgotten(int gaps, int ranges)
    {
        for (int i = 0; i < gaps; i++)
        {
            _acks.OnReceived(_now, (ulong)(2 * i), asksForAck: true);
        }
        AckFrame frame = _acks.Compose(_now);
        Assert.Equal(ranges, frame.Ranges.Length);
        Assert.Equal((ulong)(2 * (gaps - 1)), frame.LargestAcknowledged);
    }

    [Fact]
    public void What_the_peer_knows_to_be_acknowledged_is_not_repeated()
    {
        Begin();
        _acks.OnReceived(_now, 5, asksForAck: true);
        _acks.OnAckAcknowledged(5);
        _acks.OnReceived(_now, 6, asksForAck: true);
        Assert.Equal([new PacketRange(5, 6)], _acks.Compose(_now).Ranges.ToArray());
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(8, 8)]
    [InlineData(63, 63)]
    [InlineData(64, 64)]
    [InlineData(65, 64)]
    [InlineData(ulong.MaxValue >> 2, 64)]
    public void As_many_packets_as_the_peer_wishes_share_an_ACK(ulong wish, int packets)
    {
        Begin();
        _acks.OnFrequency(new AckFrequencyFrame(0, wish, 1_000_000));
        for (ulong i = 1; i < (ulong)packets; i++)
        {
            _acks.OnReceived(_now, i, asksForAck: true);
            Assert.False(_acks.IsDue(_now));
        }
        _acks.OnReceived(_now, (ulong)packets, asksForAck: true);
        Assert.True(_acks.IsDue(_now));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(5_000, 5)]
    [InlineData(ulong.MaxValue >> 2, 25)]
    public void The_wait_follows_the_wish_within_what_the_handshake_said(ulong microseconds, double milliseconds)
    {
        Begin();
        _acks.OnFrequency(new AckFrequencyFrame(0, 8, microseconds));
        _acks.OnReceived(_now, 1, asksForAck: true);
        Assert.Equal(_now + TimeSpan.FromMilliseconds(milliseconds), _acks.Deadline);
    }

    [Fact]
    public void An_older_wish_that_arrives_later_is_ignored_and_a_gap_is_told_at_once_all_the_same()
    {
        Begin();
        _acks.OnFrequency(new AckFrequencyFrame(2, 8, 25_000));
        _acks.OnFrequency(new AckFrequencyFrame(1, 1, 25_000));
        _acks.OnReceived(_now, 1, asksForAck: true);
        Assert.False(_acks.IsDue(_now));
        _acks.OnReceived(_now, 3, asksForAck: true);
        Assert.True(_acks.IsDue(_now));
    }

    private void Begin()
    {
        _acks.OnReceived(_now, 0, asksForAck: true);
        _acks.OnAckSent();
        _now += TimeSpan.FromMilliseconds(1);
    }
}
