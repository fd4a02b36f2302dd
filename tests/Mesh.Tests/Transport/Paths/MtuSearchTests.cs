using System;
using System.Collections.Generic;
using Darkbloom.Mesh.Transport.Paths;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Paths;

public sealed class MtuSearchTests
{
    private const int Base = WireLimits.DatagramBytesMin;

    private Instant _now = new(1_000_000_000);
    private ulong _number;

    [Fact]
    public void A_session_that_fills_no_datagram_tries_none()
    {
        MtuSearch search = new(WireLimits.DatagramBytesMax);
        Assert.False(search.TryTakeProbe(_now, int.MaxValue, out _));
        search.OnFilled();
        Assert.True(search.TryTakeProbe(_now, int.MaxValue, out _));
    }

    [Theory]
    [InlineData(WireLimits.DatagramBytesOfEthernet, new[] { 1280, 1400, 1452 })]
    [InlineData(WireLimits.DatagramBytesMax, new[] { 1280, 1400, 1452, 8952 })]
    [InlineData(1300, new[] { 1280, 1300 })]
    [InlineData(1280 + MtuSearch.StepBytesMin - 1, new[] { 1280 })]
    [InlineData(1280 + MtuSearch.StepBytesMin, new[] { 1280, 1296 })]
    [InlineData(Base, new int[0])]
    public void A_path_without_a_limit_is_climbed_by_the_table(int bytesMax, int[] expected)
    {
        MtuSearch search = new(bytesMax);
        Assert.Equal(expected, Run(search, int.MaxValue));
        Assert.Equal(expected.Length == 0 ? Base : expected[^1], search.Bytes);
        Assert.Equal(MtuState.Complete, search.State);
    }

    [Fact]
    public void What_a_path_takes_is_found_to_within_a_step()
    {
        for (int limit = Base; limit <= WireLimits.DatagramBytesOfEthernet; limit++)
        {
            MtuSearch search = new(WireLimits.DatagramBytesMax);
            List<int> tried = Run(search, limit);
            Assert.InRange(search.Bytes, limit - MtuSearch.StepBytesMin, limit);
            Assert.True(tried.Count <= 20, $"{limit}: {string.Join(' ', tried)}");
        }
    }

    [Fact]
    public void Nothing_is_looked_for_between_Ethernet_and_jumbo_frames()
    {
        MtuSearch search = new(WireLimits.DatagramBytesMax);
        Assert.Equal([1280, 1400, 1452, 8952, 8952, 8952], Run(search, 4000));
        Assert.Equal(WireLimits.DatagramBytesOfEthernet, search.Bytes);
    }

    [Theory]
    [InlineData(MtuSearch.ProbesMax - 1, 1280)]
    [InlineData(MtuSearch.ProbesMax, 1240)]
    [InlineData(MtuSearch.ProbesMax + 1, 1240)]
    public void A_size_fails_after_three_probes(int lost, int next)
    {
        MtuSearch search = new(WireLimits.DatagramBytesMax);
        search.OnFilled();
        int bytes = 0;
        for (int i = 0; i < lost; i++)
        {
            Assert.True(search.TryTakeProbe(_now, int.MaxValue, out bytes));
            search.OnProbeLost(bytes);
        }
        Assert.True(search.TryTakeProbe(_now, int.MaxValue, out bytes));
        Assert.Equal(next, bytes);
    }

    [Fact]
    public void One_probe_is_under_way_at_a_time_and_none_larger_than_the_caller_can_send()
    {
        MtuSearch search = new(WireLimits.DatagramBytesMax);
        search.OnFilled();
        Assert.False(search.TryTakeProbe(_now, 1279, out _));
        Assert.True(search.TryTakeProbe(_now, 1280, out int bytes));
        Assert.False(search.TryTakeProbe(_now, int.MaxValue, out _));
        Assert.True(search.OnProbeAcknowledged(bytes));
        Assert.True(search.TryTakeProbe(_now, int.MaxValue, out _));
    }

    [Fact]
    public void Ten_minutes_later_the_path_may_have_grown()
    {
        MtuSearch search = new(WireLimits.DatagramBytesOfEthernet);
        _ = Run(search, 1300);
        Assert.Equal(_now + MtuSearch.RaiseInterval, search.Deadline);
        _now += MtuSearch.RaiseInterval - TimeSpan.FromMilliseconds(1);
        search.OnTimeout(_now);
        Assert.False(search.TryTakeProbe(_now, int.MaxValue, out _));
        _now += TimeSpan.FromMilliseconds(1);
        search.OnTimeout(_now);
        Assert.Equal([1400, 1452], Run(search, int.MaxValue));
    }

    [Fact]
    public void Another_path_begins_with_the_base_size()
    {
        MtuSearch search = new(WireLimits.DatagramBytesOfEthernet);
        _ = Run(search, int.MaxValue);
        search.Reset(WireLimits.DatagramBytesMax);
        Assert.Equal((Base, MtuState.Base), (search.Bytes, search.State));
        Assert.Null(search.Deadline);
        Assert.False(search.OnProbeAcknowledged(1452));
    }

    [Theory]
    [InlineData(MtuSearch.BlackHoleRounds - 1, false)]
    [InlineData(MtuSearch.BlackHoleRounds, true)]
    public void Rounds_with_nothing_but_losses_of_large_datagrams_are_a_black_hole(int rounds, bool isBlackHole)
    {
        MtuSearch search = Found(1452);
        bool found = false;
        for (int i = 0; i < rounds; i++)
        {
            found = LoseRound(search, 1452);
        }
        Assert.Equal(isBlackHole, found);
        Assert.Equal(isBlackHole ? Base : 1452, search.Bytes);
        search.OnFilled();
        Assert.Equal(isBlackHole, search.TryTakeProbe(_now, int.MaxValue, out _));
    }

    [Fact]
    public void A_large_datagram_that_arrives_disproves_a_black_hole()
    {
        MtuSearch search = Found(1452);
        for (int i = 0; i < 100; i++)
        {
            _ = LoseRound(search, 1452);
            _ = LoseRound(search, 1452);
            search.OnAcknowledged(_number++, Base + 1);
        }
        Assert.Equal(1452, search.Bytes);
    }

    [Fact]
    public void Losses_before_a_large_datagram_that_arrived_are_no_sign()
    {
        MtuSearch search = Found(1452);
        search.OnAcknowledged(1000, 1452);
        for (ulong number = 900; number < 1000; number++)
        {
            Assert.False(search.OnLost(number, 1452, number + 1));
        }
    }

    [Theory]
    [InlineData(Base - 1, false)]
    [InlineData(Base, false)]
    [InlineData(Base + 1, true)]
    public void Losses_of_small_datagrams_are_no_sign(int bytes, bool isBlackHole)
    {
        MtuSearch search = Found(1452);
        bool found = false;
        for (int i = 0; i < MtuSearch.BlackHoleRounds; i++)
        {
            found = LoseRound(search, bytes);
        }
        Assert.Equal(isBlackHole, found);
    }

    /// <summary>Loses ten datagrams that left together; true when that proved the path shrunk.</summary>
    private bool LoseRound(MtuSearch search, int bytes)
    {
        bool found = false;
        ulong next = _number + 10;
        for (; _number < next; _number++)
        {
            found |= search.OnLost(_number, bytes, next);
        }
        return found;
    }

    private MtuSearch Found(int bytes)
    {
        MtuSearch search = new(WireLimits.DatagramBytesOfEthernet);
        _ = Run(search, bytes);
        return search;
    }

    /// <summary>Searches on a path that takes so much, and returns what was tried.</summary>
    private List<int> Run(MtuSearch search, int limit)
    {
        List<int> tried = [];
        search.OnFilled();
        while (search.TryTakeProbe(_now, int.MaxValue, out int bytes))
        {
            tried.Add(bytes);
            if (bytes <= limit)
            {
                Assert.True(search.OnProbeAcknowledged(bytes));
            }
            else
            {
                search.OnProbeLost(bytes);
            }
        }
        return tried;
    }
}
