using System;
using Darkbloom.Mesh.Transport.Streams;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Streams;

/// <summary>RFC 9000 section 4, on both sides.</summary>
public sealed class WindowTests
{
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(40);

    private Instant _now = new(1_000_000_000);

    [Theory]
    [InlineData(499, false)]
    [InlineData(500, true)]
    [InlineData(501, true)]
    public void An_update_is_due_when_half_is_consumed(ulong consumed, bool isDue)
    {
        ReceiveWindow window = new(1000, 8000);
        window.Consume(consumed);
        Assert.Equal(isDue, window.IsUpdateDue);
        Assert.Equal(1000 + consumed, window.Update(_now, s_rtt));
    }

    [Fact]
    public void A_fast_reader_doubles_the_window_up_to_its_cap()
    {
        ReceiveWindow window = new(1000, 3000);
        foreach (ulong expected in new ulong[] { 1000, 2000, 3000, 3000 })
        {
            window.Consume(window.WindowBytes / 2);
            _ = window.Update(_now, s_rtt);
            Assert.Equal(expected, window.WindowBytes);
            _now += s_rtt;
        }
    }

    [Fact]
    public void A_slow_reader_keeps_its_window()
    {
        ReceiveWindow window = new(1000, 8000);
        for (int i = 0; i < 5; i++)
        {
            window.Consume(500);
            _ = window.Update(_now, s_rtt);
            _now += s_rtt * 2;
        }
        Assert.Equal(1000UL, window.WindowBytes);
    }

    [Fact]
    public void A_limit_that_is_not_greater_is_old_news()
    {
        SendWindow window = new(100);
        Assert.False(window.TryRaise(100));
        Assert.False(window.TryRaise(99));
        Assert.True(window.TryRaise(101));
        Assert.Equal(101UL, window.Available);
    }

    [Fact]
    public void Being_blocked_is_reported_once_for_each_limit()
    {
        SendWindow window = new(100);
        Assert.False(window.TryReportBlocked());
        window.Use(100);
        Assert.True(window.TryReportBlocked());
        Assert.False(window.TryReportBlocked());
        window.ForgetReport(99);
        Assert.False(window.TryReportBlocked());
        window.ForgetReport(100);
        Assert.True(window.TryReportBlocked());
        _ = window.TryRaise(200);
        window.Use(100);
        Assert.True(window.TryReportBlocked());
    }
}
