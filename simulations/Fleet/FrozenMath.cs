using System;

namespace Darkbloom.Simulations.Fleet;

/// <summary>Logarithm and exponential from additions, multiplications and divisions alone.</summary>
/// <remarks>
/// Those are exact to the bit by IEEE 754, where the functions of a system's library differ from one machine to the next
/// in the last place: so a seed gives the same bytes on every platform. Both are within a few units in the last place.
/// </remarks>
internal static class FrozenMath
{
    private const double Ln2High = 6.93147180369123816490e-01;
    private const double Ln2Low = 1.90821492927058770002e-10;
    private const double Sqrt2 = 1.4142135623730951;
    private const double NormalMin = 2.2250738585072014e-308;
    private const int MantissaBits = 52;
    private const int Bias = 1023;
    private const int LogTerms = 12;
    private const int ExpTerms = 14;

    /// <summary>Beyond these the exponential is infinite, or too small for a normal number.</summary>
    private const double ExpMax = 709;
    private const double ExpMin = -708;

    /// <param name="value">A normal number above 0.</param>
    public static double Log(double value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, NormalMin);
        if (double.IsPositiveInfinity(value))
        {
            return value;
        }

        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)(bits >> MantissaBits) - Bias;
        double mantissa = BitConverter.Int64BitsToDouble((bits & ((1L << MantissaBits) - 1)) | ((long)Bias << MantissaBits));
        if (mantissa > Sqrt2)
        {
            (mantissa, exponent) = (mantissa / 2, exponent + 1);
        }

        // ln m = 2 artanh((m - 1) / (m + 1)), and the argument is at most 0.172.
        double s = (mantissa - 1) / (mantissa + 1);
        double square = s * s;
        double sum = 0;
        for (int term = LogTerms; term >= 1; term--)
        {
            sum = (sum + (1.0 / ((2 * term) + 1))) * square;
        }

        return (exponent * Ln2High) + ((exponent * Ln2Low) + (2 * s * (1 + sum)));
    }

    public static double Exp(double value)
    {
        if (value > ExpMax || value < ExpMin)
        {
            return value > 0 ? double.PositiveInfinity : 0;
        }

        double halves = Math.Floor((value / (Ln2High + Ln2Low)) + 0.5);
        double rest = value - (halves * Ln2High) - (halves * Ln2Low);
        double sum = 1;
        for (int term = ExpTerms; term >= 1; term--)
        {
            sum = 1 + (sum * rest / term);
        }

        return sum * BitConverter.Int64BitsToDouble((long)(halves + Bias) << MantissaBits);
    }
}
