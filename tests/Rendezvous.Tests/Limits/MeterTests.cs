using System;
using System.Net;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Rendezvous.Limits;
using Xunit;

namespace Darkbloom.Rendezvous.Tests.Limits;

public sealed class MeterTests
{
    private static readonly Rate ThreePerSecond = new(Burst: 3, Count: 3, Period: TimeSpan.FromSeconds(1));
    private static readonly Instant Start = new(5_000_000_000);

    [Fact]
    public void A_burst_is_allowed_and_not_one_more()
    {
        Meter<int> meter = new(ThreePerSecond);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(meter.TryTake(Start, 1, out _));
        }
        Assert.False(meter.TryTake(Start, 1, out TimeSpan wait));
        Assert.InRange(wait.TotalMilliseconds, 333, 334);
        Assert.False(meter.TryTake(Start + wait - TimeSpan.FromMilliseconds(1), 1, out _));
        Assert.True(meter.TryTake(Start + wait, 1, out _));
    }

    [Fact]
    public void Asking_what_is_allowed_takes_nothing()
    {
        Meter<int> meter = new(ThreePerSecond);
        for (int i = 0; i < 10; i++)
        {
            Assert.True(meter.Allows(Start, 1, out _));
        }
        for (int i = 0; i < 3; i++)
        {
            _ = meter.TryTake(Start, 1, out _);
        }
        Assert.False(meter.Allows(Start, 1, out TimeSpan wait));
        Assert.True(wait > TimeSpan.Zero);
    }

    [Fact]
    public void Keys_at_rest_are_forgotten()
    {
        Meter<int> meter = new(ThreePerSecond);
        for (int key = 0; key < 100; key++)
        {
            _ = meter.TryTake(Start, key, out _);
        }
        _ = meter.TryTake(Start + TimeSpan.FromSeconds(2), 7, out _);
        Assert.Equal(1, meter.Count);
    }

    [Fact]
    public void Beyond_the_limit_of_keys_newcomers_share_one_bucket()
    {
        Meter<int> meter = new(ThreePerSecond, keysMax: 10);
        for (int key = 1; key <= 10; key++)
        {
            Assert.True(meter.TryTake(Start, key, out _));
        }
        for (int stranger = 11; stranger <= 13; stranger++)
        {
            Assert.True(meter.TryTake(Start, stranger, out _));
        }
        Assert.False(meter.TryTake(Start, 14, out _));
        Assert.Equal(10, meter.Count);
        Assert.True(meter.TryTake(Start, 10, out _));
    }

    [Fact]
    public void A_prefix_is_24_bits_of_IPv4_and_48_of_IPv6()
    {
        static AddressPrefix Of(string text) => AddressPrefix.Of(PathAddress.From(IPEndPoint.Parse(text)));
        Assert.Equal(Of("192.0.2.1:1"), Of("192.0.2.255:2"));
        Assert.NotEqual(Of("192.0.2.1:1"), Of("192.0.3.1:1"));
        Assert.Equal(Of("[2001:db8:1::]:1"), Of("[2001:db8:1:ffff:ffff:ffff:ffff:ffff]:2"));
        Assert.NotEqual(Of("[2001:db8:1::]:1"), Of("[2001:db8:2::]:1"));
    }
}
