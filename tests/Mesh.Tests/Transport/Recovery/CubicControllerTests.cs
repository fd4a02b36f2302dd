using System;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Recovery;

/// <summary>RFC 9438 by section, with HyStart++ in front.</summary>
public sealed class CubicControllerTests
{
    private const int Datagram = 1200;
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(40);

    private readonly CubicController _controller = new(Datagram);
    private Instant _now = new(1_000_000_000);

    [Fact]
    public void Slow_start_doubles_the_window_each_round_trip()
    {
        Assert.Equal(CongestionWindow.InitialPackets * Datagram, _controller.WindowBytes);
        RoundTrip();
        Assert.Equal(2 * CongestionWindow.InitialPackets * Datagram, _controller.WindowBytes);
        Assert.True(_controller.IsInSlowStart);
    }

    [Fact]
    public void A_loss_reduces_the_window_once_a_round_trip()
    {
        long before = _controller.WindowBytes;
        Lose(_now);
        Lose(_now - TimeSpan.FromMilliseconds(1));
        Assert.Equal(before * 0.7, _controller.WindowBytes, 1.0);
        Assert.False(_controller.IsInSlowStart);
        _now += s_rtt;
        Lose(_now);
        Assert.Equal(before * 0.49, _controller.WindowBytes, 2.0);
    }

    [Fact]
    public void Packets_sent_before_the_loss_do_not_grow_the_window()
    {
        Lose(_now);
        long window = _controller.WindowBytes;
        Acknowledge(100_000, _now - TimeSpan.FromMilliseconds(1));
        Assert.Equal(window, _controller.WindowBytes);
    }

    [Fact]
    public void A_loss_that_was_spurious_is_undone()
    {
        long window = _controller.WindowBytes;
        Lose(_now);
        _controller.OnSpuriousLoss(_now);
        Assert.Equal(window, _controller.WindowBytes);
        Assert.True(_controller.IsInSlowStart);
    }

    [Fact]
    public void Persistent_congestion_starts_over_and_the_window_never_closes()
    {
        _controller.OnPersistentCongestion(_now);
        Assert.Equal(CongestionWindow.MinimumPackets * Datagram, _controller.WindowBytes);
        for (int i = 0; i < 50; i++)
        {
            _now += s_rtt;
            Lose(_now);
        }
        Assert.Equal(CongestionWindow.MinimumPackets * Datagram, _controller.WindowBytes);
    }

    [Fact]
    public void The_window_is_back_at_its_peak_after_the_time_that_the_formula_gives()
    {
        while (_controller.WindowBytes < 2_000_000)
        {
            RoundTrip();
        }
        long peak = _controller.WindowBytes;
        Lose(_now);
        Instant start = _now;
        while (_controller.WindowBytes < peak * 0.99)
        {
            RoundTrip();
        }

        // RFC 9438: K = cbrt(W_max * (1 - 0.7) / 0.4), in datagrams and seconds.
        double expected = Math.Cbrt(peak / (double)Datagram * 0.3 / 0.4);
        Assert.InRange((_now - start).TotalSeconds, expected * 0.6, expected * 1.1);
    }

    [Fact]
    public void On_a_short_path_it_is_no_slower_than_reno()
    {
        Lose(_now);
        long start = _controller.WindowBytes;
        for (int i = 0; i < 50; i++)
        {
            _now += TimeSpan.FromMilliseconds(2);
            Acknowledge(_controller.WindowBytes, _now);
        }

        // Reno's friendly share is 3 (1 - 0.7) / (1 + 0.7) datagrams a round trip below the last peak, one above it.
        Assert.True(_controller.WindowBytes > start + (20 * Datagram), $"{_controller.WindowBytes}");
    }

    [Fact]
    public void Slow_start_ends_without_a_loss_when_the_round_trip_grows()
    {
        RoundTrip();
        RoundTrip(TimeSpan.FromMilliseconds(50));
        long window = _controller.WindowBytes;
        RoundTrip(TimeSpan.FromMilliseconds(50));
        Assert.Equal(window * 1.25, _controller.WindowBytes, 2.0);
        for (int i = 0; i < 6; i++)
        {
            RoundTrip(TimeSpan.FromMilliseconds(50));
        }
        Assert.False(_controller.IsInSlowStart);
    }

    [Fact]
    public void Slow_start_goes_on_when_the_round_trip_falls_back()
    {
        RoundTrip();
        RoundTrip(TimeSpan.FromMilliseconds(50));
        RoundTrip();
        long window = _controller.WindowBytes;
        RoundTrip();
        Assert.Equal(2.0 * window, _controller.WindowBytes, 2.0);
    }

    private void RoundTrip(TimeSpan? rtt = null)
    {
        _now += s_rtt;
        long window = _controller.WindowBytes;
        for (long bytes = 0; bytes < window; bytes += Datagram)
        {
            Acknowledge(Math.Min(Datagram, window - bytes), _now, rtt);
        }
    }

    private void Acknowledge(long bytes, Instant sentAt, TimeSpan? rtt = null) =>
        _controller.OnAcknowledged(new AckSample
        {
            Now = _now,
            BytesAcknowledged = bytes,
            BytesOfFullWindow = bytes,
            NewestSentAt = sentAt,
            Rtt = rtt ?? s_rtt,
            SmoothedRtt = s_rtt,
            MinimumRtt = s_rtt,
        });

    private void Lose(Instant sentAt) => _controller.OnLost(new LossSample { Now = _now, Bytes = Datagram, SentAt = sentAt });
}
