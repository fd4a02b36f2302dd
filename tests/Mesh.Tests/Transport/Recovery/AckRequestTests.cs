using System;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Protocol.Frames;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Recovery;

public sealed class AckRequestTests
{
    private const long WideWindow = 1000;

    private readonly AckRequest _request = new();

    [Theory]
    [InlineData(24_999_999, 0)]
    [InlineData(25_000_000, 8)]
    [InlineData(99_999_999, 8)]
    [InlineData(100_000_000, 16)]
    public void A_fast_path_asks_for_fewer_ACKs(double bytesPerSecond, int packets)
    {
        _request.Update(bytesPerSecond, WideWindow);
        Assert.Equal(packets, Take());
    }

    [Fact]
    public void A_rate_that_wavers_about_the_limit_asks_once()
    {
        _request.Update(26e6, WideWindow);
        Assert.Equal(8, Take());
        _request.Update(20e6, WideWindow);
        Assert.Equal(0, Take());
        _request.Update(26e6, WideWindow);
        Assert.Equal(0, Take());
        _request.Update(12e6, WideWindow);
        Assert.Equal(2, Take());
    }

    [Fact]
    public void A_small_window_needs_its_ACKs()
    {
        _request.Update(200e6, 20);
        Assert.Equal(5, Take());
    }

    [Fact]
    public void A_wish_that_was_lost_is_repeated_unless_a_newer_one_went()
    {
        _request.Update(26e6, WideWindow);
        Assert.True(_request.TryTake(TimeSpan.Zero, out AckFrequencyFrame first));
        _request.OnLost(first.Sequence);
        Assert.True(_request.TryTake(TimeSpan.Zero, out AckFrequencyFrame again));
        Assert.Equal(first, again);
        _request.Update(200e6, WideWindow);
        Assert.Equal(16, Take());
        _request.OnLost(first.Sequence);
        Assert.Equal(0, Take());
    }

    private int Take() => _request.TryTake(TimeSpan.FromMilliseconds(40), out AckFrequencyFrame frame) ? (int)frame.PacketsPerAck : 0;
}
