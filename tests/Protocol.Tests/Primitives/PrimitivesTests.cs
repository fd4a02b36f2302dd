using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Protocol.Tests.Primitives;

public sealed class PrimitivesTests
{
    /// <summary>A seed printed by the simulator must replay for ever: these numbers never change.</summary>
    [Fact]
    public void Prng_draws_the_numbers_it_always_drew()
    {
        Prng prng = new(0);
        Assert.Equal(
            [0x99EC5F36CB75F2B4, 0xBF6E1F784956452A, 0x1A5F849D4933E6E0, 0x6AA594F1262D2D2C],
            (ulong[])[prng.NextUInt64(), prng.NextUInt64(), prng.NextUInt64(), prng.NextUInt64()]);
    }

    [Fact]
    public void Prng_stays_within_its_bound()
    {
        Prng prng = new(1);
        Assert.All(Enumerable.Range(0, 1000), _ => Assert.InRange(prng.Next(7), 0, 6));
        Assert.Equal(0, prng.Next(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => prng.Next(0));
    }

    [Theory]
    [InlineData("192.0.2.1:4444", true)]
    [InlineData("0.0.0.0:0", true)]
    [InlineData("255.255.255.255:65535", true)]
    [InlineData("[2001:db8::1]:443", false)]
    [InlineData("[::]:1", false)]
    [InlineData("[::1]:1", false)]
    public void Path_address_round_trips(string text, bool isIPv4)
    {
        IPEndPoint endPoint = IPEndPoint.Parse(text);
        PathAddress address = PathAddress.From(endPoint);
        Assert.Equal(endPoint, address.ToEndPoint());
        Assert.Equal(isIPv4, address.IsIPv4);
        Assert.Equal(text, address.ToString());
    }

    [Fact]
    public void Mapped_address_is_the_IPv4_address_itself() =>
        Assert.Equal(
            PathAddress.From(IPEndPoint.Parse("192.0.2.1:4444")),
            PathAddress.From(IPEndPoint.Parse("[::ffff:192.0.2.1]:4444")));

    [Fact]
    public void Instants_order_and_add()
    {
        Instant start = new(1_000);
        Instant later = start + TimeSpan.FromMilliseconds(2);
        Assert.Equal(new Instant(2_001_000), later);
        Assert.Equal(TimeSpan.FromMilliseconds(2), later - start);
        Assert.Equal(start, later - TimeSpan.FromMilliseconds(2));
        Assert.True(start < later && later > start && start <= later && later >= start);
    }

    [Fact]
    public void Earlier_treats_null_as_never()
    {
        Assert.Null(Instant.Earlier(null, null));
        Assert.Equal(new Instant(1), Instant.Earlier(new Instant(1), null));
        Assert.Equal(new Instant(1), Instant.Earlier(null, new Instant(1)));
        Assert.Equal(new Instant(1), Instant.Earlier(new Instant(2), new Instant(1)));
        Assert.Equal(new Instant(1), Instant.Earlier(new Instant(1), new Instant(2)));
    }

    [Fact]
    public void Unix_times_order_and_add()
    {
        List<UnixTime> times = [new(5), new(-1), new(3)];
        times.Sort();
        Assert.Equal([new UnixTime(-1), new UnixTime(3), new UnixTime(5)], times);
        Assert.Equal(new UnixTime(65), new UnixTime(5) + TimeSpan.FromMinutes(1));
        Assert.Equal(TimeSpan.FromSeconds(2), new UnixTime(5) - new UnixTime(3));
    }

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("11.0.0.1", false)]
    [InlineData("127.0.0.1", true)]
    [InlineData("172.15.0.1", false)]
    [InlineData("172.16.0.1", true)]
    [InlineData("172.31.0.1", true)]
    [InlineData("172.32.0.1", false)]
    [InlineData("192.168.0.1", true)]
    [InlineData("192.169.0.1", false)]
    [InlineData("169.254.1.1", true)]
    [InlineData("203.0.113.5", false)]
    [InlineData("fd00::1", true)]
    [InlineData("fe80::1", true)]
    [InlineData("fec0::1", false)]
    [InlineData("::1", true)]
    [InlineData("2001:db8::1", false)]
    public void Private_addresses_are_told_from_those_of_the_Internet(string address, bool isPrivate) =>
        Assert.Equal(isPrivate, PathAddress.From(new System.Net.IPEndPoint(System.Net.IPAddress.Parse(address), 1)).IsPrivate);
}
