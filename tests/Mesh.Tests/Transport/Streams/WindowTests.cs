using System;
using System.Collections.Generic;
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
    [InlineData(124, false)]
    [InlineData(125, true)]
    [InlineData(126, true)]
    public void An_update_is_due_when_an_eighth_is_consumed(ulong consumed, bool isDue)
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

    [Theory]
    [InlineData(1 << 20, 16 << 20, 0.98)] // a connection
    [InlineData(1 << 18, 8 << 20, 0.55)] // one stream: seven eighths of 8 MiB each round trip are 587 Mbit/s
    public void A_grown_window_fills_a_path_of_a_gigabit_and_a_tenth_of_a_second(ulong initial, ulong most, double share)
    {
        const ulong BytesPerMillisecond = 125_000;
        const int OneWayMilliseconds = 50;
        const int Milliseconds = 5000;
        ReceiveWindow receiver = new(initial, most);
        SendWindow sender = new(initial);
        Queue<(int At, ulong Bytes)> data = new();
        Queue<(int At, ulong Limit)> limits = new();
        ulong sentInLastSecond = 0;
        for (int ms = 0; ms < Milliseconds; ms++)
        {
            while (limits.TryPeek(out (int At, ulong Limit) limit) && limit.At <= ms)
            {
                _ = sender.TryRaise(limits.Dequeue().Limit);
            }
            ulong bytes = Math.Min(BytesPerMillisecond, sender.Available);
            sender.Use(bytes);
            data.Enqueue((ms + OneWayMilliseconds, bytes));
            sentInLastSecond += ms >= Milliseconds - 1000 ? bytes : 0;
            while (data.TryPeek(out (int At, ulong Bytes) arrived) && arrived.At <= ms)
            {
                receiver.Consume(data.Dequeue().Bytes);
            }
            if (receiver.IsUpdateDue)
            {
                Instant now = new((long)ms * 1_000_000);
                limits.Enqueue((ms + OneWayMilliseconds, receiver.Update(now, TimeSpan.FromMilliseconds(2 * OneWayMilliseconds))));
            }
        }
        Assert.InRange(sentInLastSecond / (1000.0 * BytesPerMillisecond), share, 1);
        Assert.True(receiver.WindowBytes <= most);
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
