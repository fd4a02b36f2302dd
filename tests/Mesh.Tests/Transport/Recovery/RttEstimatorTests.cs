using System;
using Darkbloom.Mesh.Transport.Recovery;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Recovery;

/// <summary>RFC 9002 section 5 and 6.2.1, by their formulas.</summary>
public sealed class RttEstimatorTests
{
    private readonly RttEstimator _rtt = new(TimeSpan.FromMilliseconds(333));

    [Fact]
    public void Before_a_sample_the_initial_value_holds()
    {
        Assert.False(_rtt.HasSample);
        Assert.Equal(999 + 25, _rtt.ProbeTimeout(Ms(25)).TotalMilliseconds, 1);
    }

    [Fact]
    public void The_first_sample_replaces_the_initial_value()
    {
        _rtt.Update(Ms(40), Ms(20));
        Assert.Equal((Ms(40), Ms(20), Ms(40)), (_rtt.Smoothed, _rtt.Variation, _rtt.Minimum));
    }

    [Fact]
    public void Later_samples_move_it_by_an_eighth_and_the_variation_by_a_quarter()
    {
        _rtt.Update(Ms(40), Ms(0));
        _rtt.Update(Ms(80), Ms(0));
        Assert.Equal((Ms(45), Ms(25)), (_rtt.Smoothed, _rtt.Variation));
    }

    [Fact]
    public void The_peers_delay_is_taken_off_but_never_below_the_minimum()
    {
        _rtt.Update(Ms(40), Ms(0));
        _rtt.Update(Ms(64), Ms(24));
        Assert.Equal(Ms(40), _rtt.Smoothed);
        _rtt.Update(Ms(48), Ms(24));
        Assert.Equal(Ms(41), _rtt.Smoothed);
    }

    [Fact]
    public void A_steady_path_keeps_a_millisecond_of_caution()
    {
        for (int i = 0; i < 200; i++)
        {
            _rtt.Update(Ms(10), Ms(0));
        }
        Assert.Equal(11, _rtt.ProbeTimeout(TimeSpan.Zero).TotalMilliseconds, 0.01);
    }

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
