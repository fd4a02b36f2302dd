using System;
using Darkbloom.Node.Engines.Llama.Sampling;
using Xunit;

namespace Darkbloom.Node.Tests.Engines;

public sealed class DrawNoiseTests
{
    // Computed by an independent implementation of the definition in DrawNoise's documentation.
    [Theory]
    [InlineData(0UL, 0U, 0, 0xA706_DD2F_4D19_7E6F)]
    [InlineData(1UL, 0U, 0, 0x55C5_5969_ED40_3149)]
    [InlineData(1UL, 1U, 0, 0x81FB_535C_A52E_6825)]
    [InlineData(1UL, 0U, 1, 0xFB85_AF9C_9A7E_41F1)]
    [InlineData(ulong.MaxValue, uint.MaxValue, int.MaxValue, 0x7A95_8D6F_0B90_63AF)]
    public void The_noise_is_frozen(ulong seed, uint position, int token, ulong expected) =>
        Assert.Equal(expected, DrawNoise.Bits(DrawNoise.Key(seed, position), token));

    [Fact]
    public void The_noise_is_finite_at_both_ends()
    {
        Assert.Equal(-3.6039, DrawNoise.Gumbel(0), 0.001);
        Assert.Equal(36.7368, DrawNoise.Gumbel(ulong.MaxValue), 0.001);
    }

    [Fact]
    public void The_noise_has_the_moments_of_the_gumbel_distribution()
    {
        const int Draws = 200_000;
        double sum = 0;
        double squares = 0;
        for (int token = 0; token < Draws; token++)
        {
            double noise = DrawNoise.Gumbel(DrawNoise.Bits(DrawNoise.Key(5, (uint)(token / 1000)), token % 1000));
            sum += noise;
            squares += noise * noise;
        }

        double mean = sum / Draws;
        Assert.Equal(0.57722, mean, 0.01);
        Assert.Equal(Math.PI * Math.PI / 6, (squares / Draws) - (mean * mean), 0.03);
    }
}
