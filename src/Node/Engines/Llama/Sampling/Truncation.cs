using System;
using System.Numerics;

namespace Darkbloom.Node.Engines.Llama.Sampling;

/// <summary>Finds the lowest logit that top_k, top_p and min_p leave in the draw.</summary>
/// <remarks>
/// Sorting a vocabulary for every token costs more than drawing from it. Logits are counted into buckets by their
/// distance from the largest, and only the bucket in which the border lies is sorted. Tokens that tie at the border
/// all stay. Order: top_k, then top_p over what it left, then min_p.
/// </remarks>
public sealed class Truncation
{
    private const int BucketsPerUnit = 16;
    private const int BucketsCount = 1024;

    // Beyond this distance (in units of the temperature) a token has less than 2^-92 of the largest one's chance.
    private const double DistanceMax = (double)BucketsCount / BucketsPerUnit;

    private readonly double[] _weights = new double[BucketsCount];
    private readonly float[] _chances;
    private readonly float[] _border;
    private readonly float[] _borderChances;

    public Truncation(int vocabulary)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabulary);
        _chances = new float[vocabulary];
        _border = new float[vocabulary];
        _borderChances = new float[vocabulary];
    }

    public float Cutoff(ReadOnlySpan<float> logits, float largest, in SamplingSettings settings)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, _chances.Length);
        float scale = 1 / settings.Temperature;
        float cutoff = float.NegativeInfinity;
        if (settings.TopK > 0 && settings.TopK < logits.Length)
        {
            _chances.AsSpan().Fill(1);
            cutoff = Border(logits, largest, scale, cutoff, settings.TopK);
        }

        if (settings.TopP < 1)
        {
            double total = FillChances(logits, largest, scale, cutoff);
            cutoff = Border(logits, largest, scale, cutoff, settings.TopP * total);
        }

        if (settings.MinP > 0)
        {
            cutoff = Math.Max(cutoff, largest + (settings.Temperature * MathF.Log(settings.MinP)));
        }

        return cutoff;
    }

    /// <summary>The logit at which the chances of this and all higher logits first reach <paramref name="share"/>.</summary>
    private float Border(ReadOnlySpan<float> logits, float largest, float scale, float cutoff, double share)
    {
        Array.Clear(_weights);
        for (int token = 0; token < logits.Length; token++)
        {
            if (logits[token] >= cutoff && Bucket(logits[token], largest, scale) is int bucket and >= 0)
            {
                _weights[bucket] += _chances[token];
            }
        }

        int border = 0;
        double reached = 0;
        while (reached + _weights[border] < share)
        {
            reached += _weights[border++];
            if (border == BucketsCount)
            {
                return cutoff;
            }
        }

        return BorderWithin(logits, largest, scale, cutoff, border, share - reached);
    }

    private float BorderWithin(
        ReadOnlySpan<float> logits, float largest, float scale, float cutoff, int border, double share)
    {
        int count = 0;
        for (int token = 0; token < logits.Length; token++)
        {
            if (logits[token] >= cutoff && Bucket(logits[token], largest, scale) == border)
            {
                _borderChances[count] = _chances[token];
                _border[count++] = logits[token];
            }
        }

        _border.AsSpan(0, count).Sort(_borderChances.AsSpan(0, count));
        for (int index = count - 1; index >= 0; index--)
        {
            share -= _borderChances[index];
            if (share <= 0)
            {
                return _border[index];
            }
        }

        // Rounding kept the sum a hair below the share: the whole bucket is in.
        return count > 0 ? _border[0] : cutoff;
    }

    private static int Bucket(float logit, float largest, float scale)
    {
        double distance = (double)(largest - logit) * scale;
        return distance < DistanceMax ? (int)(distance * BucketsPerUnit) : -1;
    }

    private double FillChances(ReadOnlySpan<float> logits, float largest, float scale, float cutoff)
    {
        Vector<float> top = new(largest);
        int token = 0;
        for (; token <= logits.Length - Vector<float>.Count; token += Vector<float>.Count)
        {
            Vector<float> distance = (new Vector<float>(logits[token..]) - top) * scale;
            Vector.Exp(distance).CopyTo(_chances, token);
        }

        for (; token < logits.Length; token++)
        {
            _chances[token] = MathF.Exp((logits[token] - largest) * scale);
        }

        double total = 0;
        for (token = 0; token < logits.Length; token++)
        {
            if (logits[token] >= cutoff)
            {
                total += _chances[token];
            }
        }

        return total;
    }
}
