using System;
using Darkbloom.Mesh.Transport;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Recovery;

/// <summary>What every controller promises, and what each alone does.</summary>
public sealed class CongestionControllerTests
{
    private const int Datagram = 1200;
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(40);

    private Instant _now = new(1_000_000_000);

    [Theory]
    [InlineData(CongestionControl.Cubic)]
    [InlineData(CongestionControl.NewReno)]
    public void Slow_start_doubles_the_window_each_round_trip(CongestionControl control)
    {
        ICongestionController controller = Create(control);
        Assert.Equal(CongestionWindow.InitialPackets * Datagram, controller.WindowBytes);
        RoundTrip(controller);
        Assert.Equal(2 * CongestionWindow.InitialPackets * Datagram, controller.WindowBytes);
        Assert.True(controller.IsInSlowStart);
    }

    [Theory]
    [InlineData(CongestionControl.Cubic, 0.7)]
    [InlineData(CongestionControl.NewReno, 0.5)]
    public void A_loss_reduces_the_window_once_a_round_trip(CongestionControl control, double factor)
    {
        ICongestionController controller = Create(control);
        long before = controller.WindowBytes;
        Lose(controller, _now);
        Lose(controller, _now - TimeSpan.FromMilliseconds(1));
        Assert.Equal(before * factor, controller.WindowBytes, 1.0);
        Assert.False(controller.IsInSlowStart);
        _now += s_rtt;
        Lose(controller, _now);
        Assert.Equal(before * factor * factor, controller.WindowBytes, 2.0);
    }

    [Theory]
    [InlineData(CongestionControl.Cubic)]
    [InlineData(CongestionControl.NewReno)]
    public void Packets_sent_before_the_loss_do_not_grow_the_window(CongestionControl control)
    {
        ICongestionController controller = Create(control);
        Lose(controller, _now);
        long window = controller.WindowBytes;
        Acknowledge(controller, 100_000, _now - TimeSpan.FromMilliseconds(1));
        Assert.Equal(window, controller.WindowBytes);
    }

    [Theory]
    [InlineData(CongestionControl.Cubic)]
    [InlineData(CongestionControl.NewReno)]
    public void Persistent_congestion_starts_over_and_the_window_never_closes(CongestionControl control)
    {
        ICongestionController controller = Create(control);
        controller.OnLost(new LossSample(_now, Datagram, _now, IsPersistent: true));
        Assert.Equal(CongestionWindow.MinimumPackets * Datagram, controller.WindowBytes);
        for (int i = 0; i < 50; i++)
        {
            _now += s_rtt;
            Lose(controller, _now);
        }
        Assert.Equal(CongestionWindow.MinimumPackets * Datagram, controller.WindowBytes);
    }

    [Fact]
    public void Reno_adds_one_datagram_a_round_trip()
    {
        ICongestionController controller = Create(CongestionControl.NewReno);
        Lose(controller, _now);
        long window = controller.WindowBytes;
        for (int i = 1; i <= 5; i++)
        {
            RoundTrip(controller);
            Assert.InRange(controller.WindowBytes, window + ((i - 1) * Datagram), window + (i * Datagram));
        }
    }

    [Fact]
    public void Cubic_is_back_at_its_peak_after_the_time_that_the_formula_gives()
    {
        ICongestionController controller = Create(CongestionControl.Cubic);
        while (controller.WindowBytes < 2_000_000)
        {
            RoundTrip(controller);
        }
        long peak = controller.WindowBytes;
        Lose(controller, _now);
        Instant start = _now;
        while (controller.WindowBytes < peak * 0.99)
        {
            RoundTrip(controller);
        }

        // RFC 9438: K = cbrt(W_max * (1 - 0.7) / 0.4), in datagrams and seconds.
        double expected = Math.Cbrt(peak / (double)Datagram * 0.3 / 0.4);
        Assert.InRange((_now - start).TotalSeconds, expected * 0.6, expected * 1.1);
    }

    [Fact]
    public void Cubic_on_a_short_path_is_no_slower_than_reno()
    {
        ICongestionController cubic = Create(CongestionControl.Cubic);
        ICongestionController reno = Create(CongestionControl.NewReno);
        Lose(cubic, _now);
        Lose(reno, _now);
        long cubicStart = cubic.WindowBytes;
        for (int i = 0; i < 50; i++)
        {
            _now += TimeSpan.FromMilliseconds(2);
            Acknowledge(cubic, cubic.WindowBytes, _now);
            Acknowledge(reno, reno.WindowBytes, _now);
        }
        Assert.True(cubic.WindowBytes > cubicStart + (20 * Datagram), $"{cubic.WindowBytes}");
    }

    private static ICongestionController Create(CongestionControl control) =>
        control == CongestionControl.Cubic ? new CubicController(Datagram) : new NewRenoController(Datagram);

    private void RoundTrip(ICongestionController controller)
    {
        _now += s_rtt;
        long window = controller.WindowBytes;
        for (long bytes = 0; bytes < window; bytes += Datagram)
        {
            Acknowledge(controller, Math.Min(Datagram, window - bytes), _now);
        }
    }

    private void Acknowledge(ICongestionController controller, long bytes, Instant sentAt) =>
        controller.OnAcknowledged(new AckSample(_now, bytes, sentAt, s_rtt, s_rtt, s_rtt));

    private void Lose(ICongestionController controller, Instant sentAt) =>
        controller.OnLost(new LossSample(_now, Datagram, sentAt, IsPersistent: false));
}
