using System;

namespace Darkbloom.Node.Engines.Audio;

/// <summary>One channel of one FLAC frame (RFC 9639, section 9.2): a prediction, and what it misses by.</summary>
internal static class FlacSubframe
{
    private const int Constant = 0;
    private const int Verbatim = 1;
    private const int FixedFirst = 8;
    private const int FixedOrderMax = 4;
    private const int LinearFirst = 32;

    private const int CoefficientBits = 15;
    private const int BitsMax = 33;

    /// <summary>Damage is told by <see cref="FlacBits.HasFailed"/>, or by an exception.</summary>
    public static void Read(ref FlacBits bits, Span<long> samples, int depth)
    {
        if (bits.Read(1) != 0)
        {
            throw Damaged();
        }

        int type = (int)bits.Read(6);
        int wasted = bits.Read(1) == 1 ? (int)bits.ReadUnary() + 1 : 0;
        depth -= wasted;
        if (depth is < 1 or > BitsMax)
        {
            throw Damaged();
        }

        switch (type)
        {
            case Constant:
                samples.Fill(bits.ReadSigned(depth));
                break;
            case Verbatim:
                ReadWarmUp(ref bits, samples, depth);
                break;
            case >= FixedFirst and <= FixedFirst + FixedOrderMax:
                ReadFixed(ref bits, samples, depth, type - FixedFirst);
                break;
            case >= LinearFirst:
                ReadLinear(ref bits, samples, depth, type - LinearFirst + 1);
                break;
            default:
                throw Damaged();
        }

        if (wasted > 0)
        {
            foreach (ref long sample in samples)
            {
                sample <<= wasted;
            }
        }
    }

    private static void ReadWarmUp(ref FlacBits bits, scoped Span<long> samples, int depth)
    {
        foreach (ref long sample in samples)
        {
            sample = bits.ReadSigned(depth);
        }
    }

    private static void ReadFixed(ref FlacBits bits, Span<long> samples, int depth, int order)
    {
        ReadOnlySpan<long> coefficients = order switch
        {
            0 => [],
            1 => [1],
            2 => [2, -1],
            3 => [3, -3, 1],
            _ => [4, -6, 4, -1],
        };
        Begin(ref bits, samples, depth, order);
        Predict(samples, coefficients, shift: 0);
    }

    private static void ReadLinear(ref FlacBits bits, Span<long> samples, int depth, int order)
    {
        if (order > samples.Length)
        {
            throw Damaged();
        }

        ReadWarmUp(ref bits, samples[..order], depth);
        int precision = (int)bits.Read(4) + 1;
        int shift = (int)bits.ReadSigned(5);
        if (precision > CoefficientBits || shift < 0)
        {
            throw Damaged();
        }

        Span<long> coefficients = stackalloc long[order];
        ReadWarmUp(ref bits, coefficients, precision);
        ReadResidual(ref bits, samples, order);
        Predict(samples, coefficients, shift);
    }

    private static void Begin(ref FlacBits bits, Span<long> samples, int depth, int order)
    {
        if (order > samples.Length)
        {
            throw Damaged();
        }

        ReadWarmUp(ref bits, samples[..order], depth);
        ReadResidual(ref bits, samples, order);
    }

    private static void Predict(Span<long> samples, ReadOnlySpan<long> coefficients, int shift)
    {
        for (int i = coefficients.Length; i < samples.Length; i++)
        {
            long sum = 0;
            for (int j = 0; j < coefficients.Length; j++)
            {
                // Damaged files overflow; what they sound like then is nobody's concern.
                sum = unchecked(sum + (coefficients[j] * samples[i - 1 - j]));
            }

            samples[i] = unchecked(samples[i] + (sum >> shift));
        }
    }

    /// <summary>Partitions of Rice codes (RFC 9639, section 9.2.7): each has a parameter, or an escape to plain numbers.</summary>
    private static void ReadResidual(ref FlacBits bits, Span<long> samples, int order)
    {
        int method = (int)bits.Read(2);
        if (method > 1)
        {
            throw Damaged();
        }

        int parameterBits = method == 0 ? 4 : 5;
        uint escape = method == 0 ? 15u : 31u;
        int partitions = 1 << (int)bits.Read(4);
        int length = samples.Length / partitions;
        if (samples.Length % partitions != 0 || length < order)
        {
            throw Damaged();
        }

        for (int partition = 0; partition < partitions && !bits.HasFailed; partition++)
        {
            int start = partition == 0 ? order : partition * length;
            Span<long> part = samples[start..((partition + 1) * length)];
            uint parameter = bits.Read(parameterBits);
            if (parameter == escape)
            {
                ReadWarmUp(ref bits, part, (int)bits.Read(5));
                continue;
            }

            foreach (ref long residual in part)
            {
                ulong folded = ((ulong)bits.ReadUnary() << (int)parameter) | bits.Read((int)parameter);
                residual = (long)(folded >> 1) ^ -(long)(folded & 1);
            }
        }
    }

    private static InvalidAudioException Damaged() => InvalidAudioException.Truncated("FLAC");
}
