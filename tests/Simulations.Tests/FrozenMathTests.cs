using System;
using Darkbloom.Simulations.Fleet;
using Xunit;

namespace Darkbloom.Simulations.Tests;

public sealed class FrozenMathTests
{
    private const double RelativeError = 4e-15;

    [Theory]
    [InlineData(2.2250738585072014e-308)]
    [InlineData(1e-16)]
    [InlineData(0.5)]
    [InlineData(0.9999999)]
    [InlineData(1.0000001)]
    [InlineData(1.4142135623730951)]
    [InlineData(2)]
    [InlineData(1234.5678)]
    [InlineData(1e300)]
    public void A_logarithm_is_the_system_s(double value) =>
        Assert.InRange(FrozenMath.Log(value), Least(Math.Log(value)), Most(Math.Log(value)));

    [Theory]
    [InlineData(-700)]
    [InlineData(-1e-9)]
    [InlineData(0.3)]
    [InlineData(1)]
    [InlineData(20.25)]
    [InlineData(700)]
    public void An_exponential_is_the_system_s(double value) =>
        Assert.InRange(FrozenMath.Exp(value), Least(Math.Exp(value)), Most(Math.Exp(value)));

    [Fact]
    public void The_ends_are_zero_and_infinite()
    {
        Assert.Equal(0, FrozenMath.Log(1));
        Assert.Equal(1, FrozenMath.Exp(0));
        Assert.Equal(0, FrozenMath.Exp(-1000));
        Assert.Equal(double.PositiveInfinity, FrozenMath.Exp(1000));
        Assert.Throws<ArgumentOutOfRangeException>(static () => FrozenMath.Log(0));
    }

    private static double Least(double value) => value - (Math.Abs(value) * RelativeError);

    private static double Most(double value) => value + (Math.Abs(value) * RelativeError);
}
