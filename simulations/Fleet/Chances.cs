using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Simulations.Fleet;

/// <summary>Generators that don't disturb each other, and the distributions that worlds are drawn from.</summary>
/// <remarks>
/// Each purpose of each actor has its own generator, so that one more actor or draw changes nothing else.
/// </remarks>
internal static class Chances
{
    private const double UnitsPerOne = 1UL << 53;

    /// <summary>99 of 100 draws of the normal distribution are below this.</summary>
    private const double Normal99 = 2.3263478740408408;

    public static Prng Of(ulong seed, int actor, ChancePurpose purpose) =>
        new(Mix(seed + Mix(((ulong)(uint)actor << 8) | (byte)purpose)));

    /// <summary>Evenly spread, above 0 and at most 1.</summary>
    public static double Unit(this Prng prng) => ((prng.NextUInt64() >> 11) + 1) / UnitsPerOne;

    public static double Exponential(this Prng prng, double mean) => -FrozenMath.Log(prng.Unit()) * mean;

    public static double Weibull(this Prng prng, double shape, double scale) => prng.Unit() is var unit && unit < 1
        ? scale * FrozenMath.Exp(FrozenMath.Log(-FrozenMath.Log(unit)) / shape)
        : 0;

    public static double LogNormal(this Prng prng, double median, double p99)
    {
        double sigma = p99 <= median ? 0 : FrozenMath.Log(p99 / median) / Normal99;
        return median * FrozenMath.Exp(sigma * prng.Normal());
    }

    /// <summary>The token that the simulated model draws at a place of an answer, whichever Mac draws it.</summary>
    public static uint TokenOf(ulong request, int position) => unchecked((uint)Mix((request << 24) + (uint)position));

    /// <summary>Marsaglia's polar method: of a point within the unit circle, no angle is needed.</summary>
    private static double Normal(this Prng prng)
    {
        while (true)
        {
            double x = (2 * prng.Unit()) - 1, y = (2 * prng.Unit()) - 1;
            double square = (x * x) + (y * y);
            if (square is > 0 and < 1)
            {
                return x * Math.Sqrt(-2 * FrozenMath.Log(square) / square);
            }
        }
    }

    /// <summary>The finalizer of SplitMix64.</summary>
    private static ulong Mix(ulong value)
    {
        unchecked
        {
            value += 0x9E3779B97F4A7C15;
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            return value ^ (value >> 31);
        }
    }
}

/// <summary>What a generator is drawn from for.</summary>
internal enum ChancePurpose : byte
{
    Build,
    Arrivals,
    Lengths,
    Owner,
    Routing,
    Faults,
}
