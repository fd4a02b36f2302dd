using System;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Recovery;

public sealed class PacerTests
{
    private const int Datagram = 1200;
    private static readonly Instant s_start = new(1_000_000_000);

    [Theory]
    [InlineData(100_000)]
    [InlineData(12_500_000)]
    [InlineData(1_000_000_000)]
    public void Over_a_second_the_rate_is_met(double bytesPerSecond)
    {
        Pacer pacer = new(Datagram, s_start);
        pacer.SetRate(s_start, bytesPerSecond);
        Instant now = s_start;
        Instant end = s_start + TimeSpan.FromSeconds(1);
        long sent = 0;
        while (now < end)
        {
            now = pacer.NextSend(now);
            pacer.OnSent(now, Datagram);
            sent += Datagram;
        }
        Assert.InRange(sent, bytesPerSecond * 0.99, (bytesPerSecond * 1.01) + Pacer.BurstBytesMax);
    }

    [Theory]
    [InlineData(100_000, 10)] // ten datagrams even on a slow path
    [InlineData(12_500_000, 20)] // 2 ms of 100 Mbit/s
    [InlineData(1_000_000_000, 54)] // 64 KB at most
    public void After_a_pause_a_burst_is_bounded(double bytesPerSecond, int packets)
    {
        Pacer pacer = new(Datagram, s_start);
        pacer.SetRate(s_start, bytesPerSecond);
        Instant now = s_start + TimeSpan.FromSeconds(10);
        int burst = 0;
        while (pacer.NextSend(now) == now)
        {
            pacer.OnSent(now, Datagram);
            burst++;
        }
        Assert.Equal(packets, burst);
    }

    [Theory]
    [InlineData(12_500_000, 1)] // 100 Mbit/s
    [InlineData(12_500_000, 2)]
    [InlineData(125_000_000, 1)] // 1 Gbit/s
    [InlineData(125_000_000, 2)]
    public void A_timer_that_fires_each_millisecond_or_two_reaches_the_rate(double bytesPerSecond, int tickMilliseconds)
    {
        Pacer pacer = new(Datagram, s_start);
        pacer.SetRate(s_start, bytesPerSecond);
        long sent = 0;
        for (int ms = 0; ms < 1000; ms += tickMilliseconds)
        {
            Instant now = s_start + TimeSpan.FromMilliseconds(ms);
            while (pacer.NextSend(now) == now)
            {
                pacer.OnSent(now, Datagram);
                sent += Datagram;
            }
        }
        Assert.InRange(sent, bytesPerSecond * 0.99, bytesPerSecond * 1.02);
    }

    [Theory]
    [InlineData(12_500_000)]
    [InlineData(1_000_000_000)]
    public void On_a_guarded_path_ten_datagrams_are_the_most_at_once(double bytesPerSecond)
    {
        Pacer pacer = new(Datagram, s_start) { IsGuarded = true };
        pacer.SetRate(s_start, bytesPerSecond);
        for (int i = 1; i <= 5; i++)
        {
            Instant now = s_start + TimeSpan.FromMilliseconds(10 * i);
            int burst = 0;
            while (pacer.NextSend(now) == now)
            {
                pacer.OnSent(now, Datagram);
                burst++;
            }
            Assert.Equal(Pacer.BurstPackets, burst);
        }
    }

    [Fact]
    public void The_instant_it_names_is_good_to_send_at()
    {
        Pacer pacer = new(Datagram, s_start);
        pacer.SetRate(s_start, 333_333);
        Instant now = s_start;
        for (int i = 0; i < 1000; i++)
        {
            Instant next = pacer.NextSend(now);
            Assert.Equal(next, pacer.NextSend(next));
            now = next;
            pacer.OnSent(now, Datagram);
        }
    }
}
