using System.Collections.Generic;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Protocol.Tests.Packets;

public sealed class ReplayWindowTests
{
    private readonly ReplayWindow _window = new();

    [Fact]
    public void Marked_packet_is_not_fresh_again()
    {
        Assert.True(_window.IsFresh(0));
        _window.Mark(0);
        Assert.False(_window.IsFresh(0));
        Assert.True(_window.IsFresh(1));
        Assert.Equal(1UL, _window.ExpectedPacketNumber);
    }

    [Fact]
    public void Window_reaches_back_exactly_its_size()
    {
        const ulong largest = 100_000;
        _window.Mark(largest);
        Assert.True(_window.IsFresh(largest - ReplayWindow.Packets + 1));
        Assert.False(_window.IsFresh(largest - ReplayWindow.Packets));
        Assert.False(_window.IsFresh(0));
    }

    [Fact]
    public void Packet_beyond_the_largest_number_is_refused()
    {
        Assert.False(_window.IsFresh(ulong.MaxValue));
        Assert.False(_window.IsFresh(WireLimits.PacketNumberMax + 1));
        Assert.True(_window.IsFresh(WireLimits.PacketNumberMax));
        _window.Mark(WireLimits.PacketNumberMax);
        Assert.False(_window.IsFresh(WireLimits.PacketNumberMax));
    }

    [Fact]
    public void Asking_changes_nothing()
    {
        _window.Mark(5);
        Assert.True(_window.IsFresh(1_000_000));
        Assert.True(_window.IsFresh(4));
        Assert.Equal(6UL, _window.ExpectedPacketNumber);
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 100)]
    [InlineData(3, 1_000)]
    [InlineData(4, 20_000)]
    public void Window_agrees_with_a_plain_set(ulong seed, int stepMax)
    {
        Prng prng = new(seed);
        HashSet<ulong> seen = [];
        ulong largest = 0;
        for (int i = 0; i < 50_000; i++)
        {
            ulong back = (ulong)prng.Next(ReplayWindow.Packets + 100);
            ulong number = prng.Chance(1, 2) ? largest + (ulong)prng.Next(stepMax) : largest - ulong.Min(largest, back);
            bool fresh = !seen.Contains(number) && (number > largest || largest - number < ReplayWindow.Packets);
            Assert.Equal(fresh, _window.IsFresh(number));
            if (fresh)
            {
                _window.Mark(number);
                _ = seen.Add(number);
                largest = ulong.Max(largest, number);
            }
        }
    }
}
