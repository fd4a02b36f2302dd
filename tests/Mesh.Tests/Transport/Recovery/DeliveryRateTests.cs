using System;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Recovery;

/// <summary>draft-cheng-iccrg-delivery-rate-estimation by section.</summary>
public sealed class DeliveryRateTests
{
    private const int Bytes = 1000;
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(40);

    private readonly DeliveryRate _rate = new();
    private Instant _now = new(1_000_000_000);
    private ulong _next;
    private long _inFlight;

    [Fact]
    public void A_window_each_round_trip_is_the_rate()
    {
        SentPacket[] packets = Send(10);
        _now += s_rtt;
        Acknowledge(packets);
        packets = Send(10);
        _now += s_rtt;
        RateSample sample = Acknowledge(packets);
        Assert.Equal(10 * Bytes / s_rtt.TotalSeconds, sample.BytesPerSecond, 1.0);
        Assert.Equal(10 * Bytes, sample.PriorDelivered);
        Assert.Equal(20 * Bytes, sample.TotalDelivered);
    }

    [Fact]
    public void Acknowledgements_in_a_bunch_do_not_exaggerate()
    {
        SentPacket[] first = Send(1);
        _now += TimeSpan.FromMilliseconds(30);
        SentPacket[] second = Send(1);
        _now += TimeSpan.FromMilliseconds(40);
        _ = Acknowledge(first);
        _now += TimeSpan.FromMilliseconds(1);

        // 2,000 bytes were sent over 30 ms and acknowledged within 71 ms of the first one's leaving.
        RateSample sample = Acknowledge(second);
        Assert.InRange(sample.BytesPerSecond, 0, 2 * Bytes / 0.041);
    }

    [Fact]
    public void An_interval_below_the_least_round_trip_is_no_rate()
    {
        SentPacket[] packets = Send(10);
        _now += TimeSpan.FromMilliseconds(1);
        Assert.Equal(0, Acknowledge(packets).BytesPerSecond);
    }

    [Fact]
    public void What_leaves_while_the_application_is_the_limit_is_marked_until_all_of_it_arrived()
    {
        SentPacket[] before = Send(2);
        _rate.OnApplicationLimited(_inFlight);
        SentPacket[] marked = Send(1);
        _now += s_rtt;
        Assert.False(Acknowledge(before).IsApplicationLimited);
        Assert.True(_rate.IsApplicationLimited);
        Assert.True(Acknowledge(marked).IsApplicationLimited);
        Assert.False(_rate.IsApplicationLimited);
        SentPacket[] after = Send(1);
        _now += s_rtt;
        Assert.False(Acknowledge(after).IsApplicationLimited);
    }

    [Fact]
    public void Losses_count_for_packets_that_were_in_flight_with_them()
    {
        SentPacket[] packets = Send(3);
        _now += s_rtt;
        Assert.Equal(Bytes, _rate.OnLost(packets[0]));
        Assert.Equal(2 * Bytes, _rate.OnLost(packets[1]));
        RateSample sample = Acknowledge(packets[2]);
        Assert.Equal(2 * Bytes, sample.BytesLost);
        Assert.Equal(3 * Bytes, sample.BytesInFlight);
    }

    private SentPacket[] Send(int count)
    {
        SentPacket[] packets = new SentPacket[count];
        for (int i = 0; i < count; i++)
        {
            packets[i] = new SentPacket { Number = _next++, SentAt = _now, Bytes = Bytes };
            _rate.OnSent(ref packets[i], _inFlight);
            _inFlight += Bytes;
        }
        return packets;
    }

    private RateSample Acknowledge(params SentPacket[] packets)
    {
        foreach (SentPacket packet in packets)
        {
            _rate.OnAcknowledged(_now, packet);
            _inFlight -= Bytes;
        }
        return _rate.TakeSample(_now, s_rtt);
    }
}
