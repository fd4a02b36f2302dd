using System;
using Darkbloom.Mesh.Transport.Recovery;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Recovery;

public sealed class ReorderingWindowTests
{
    private readonly ReorderingWindow _window = new();
    private readonly RttEstimator _rtt = new(TimeSpan.FromMilliseconds(333));

    public ReorderingWindowTests() => _rtt.Update(TimeSpan.FromMilliseconds(80), TimeSpan.Zero);

    [Fact]
    public void Without_reordering_an_eighth_of_a_round_trip_is_waited() =>
        Assert.Equal(90, _window.LossDelay(_rtt).TotalMilliseconds);

    [Fact]
    public void Reordering_opens_it_to_a_quarter()
    {
        _window.OnReordered();
        Assert.Equal(100, _window.LossDelay(_rtt).TotalMilliseconds);
    }

    [Fact]
    public void Each_episode_with_a_spurious_loss_widens_it_once_up_to_a_round_trip()
    {
        for (int quarters = 2; quarters <= 10; quarters++)
        {
            _window.OnLossEpisode();
            _window.OnSpuriousLoss();
            _window.OnSpuriousLoss();
            Assert.Equal(80 + Math.Min(80, 20 * quarters), _window.LossDelay(_rtt).TotalMilliseconds);
        }
    }

    [Theory]
    [InlineData(15, 120)]
    [InlineData(16, 100)]
    [InlineData(17, 100)]
    public void Sixteen_episodes_without_a_spurious_loss_narrow_it(int episodes, double delay)
    {
        _window.OnSpuriousLoss();
        for (int i = 0; i < episodes; i++)
        {
            _window.OnLossEpisode();
        }
        Assert.Equal(delay, _window.LossDelay(_rtt).TotalMilliseconds);
    }

    [Fact]
    public void Never_less_than_a_millisecond_is_waited()
    {
        RttEstimator loopback = new(TimeSpan.FromMilliseconds(333));
        loopback.Update(TimeSpan.FromMicroseconds(20), TimeSpan.Zero);
        Assert.Equal(1.02, _window.LossDelay(loopback).TotalMilliseconds, 3);
    }
}
