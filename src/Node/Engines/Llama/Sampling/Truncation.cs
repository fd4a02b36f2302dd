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
    private const int BucketsPerUnit = 64;

    // The last bucket takes what is further than 32 units from the largest (in units of the temperature: less than
    // 2^-46 of its chance) and what an earlier border cut off. Nothing in it is ever kept by a border.
    private const int BucketsCount = 2048;

    private readonly double[] _weights = new double[BucketsCount + 1];
    private readonly int[] _buckets;
    private readonly float[] _chances;
    private readonly float[] _border;
    private readonly float[] _borderChances;

    public Truncation(int vocabulary)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabulary);
        _buckets = new int[vocabulary];
        _chances = new float[vocabulary];
        _border = new float[vocabulary];
        _borderChances = new float[vocabulary];
    }

    /// <param name="largest">The largest logit, which must be finite; no logit may be NaN.</param>
    public float Cutoff(ReadOnlySpan<float> logits, float largest, in SamplingSettings settings)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, _chances.Length);
        float scale = 1 / settings.Temperature;
        float cutoff = float.NegativeInfinity;
        if (settings.TopK > 0 && settings.TopK < logits.Length)
        {
            FillBuckets(logits, largest, scale, cutoff);
            _chances.AsSpan().Fill(1);
            Weigh();
            cutoff = Border(logits, settings.TopK, cutoff);
        }

        if (settings.TopP < 1)
        {
            FillBuckets(logits, largest, scale, cutoff);
            FillChances(logits, largest, scale);
            cutoff = Border(logits, settings.TopP * Weigh(), cutoff);
        }

        if (settings.MinP > 0)
        {
            cutoff = Math.Max(cutoff, largest + (settings.Temperature * MathF.Log(settings.MinP)));
        }

        return cutoff;
    }

    private void FillBuckets(ReadOnlySpan<float> logits, float largest, float scale, float cutoff)
    {
        Vector<float> last = new(BucketsCount);
        Vector<float> top = new(largest);
        Vector<float> lowest = new(cutoff);
        float perUnit = scale * BucketsPerUnit;
        int token = 0;
        for (; token <= logits.Length - Vector<float>.Count; token += Vector<float>.Count)
        {
            Vector<float> logit = new(logits[token..]);
            Vector<float> place = Vector.Min((top - logit) * perUnit, last);
            Vector<float> kept = Vector.ConditionalSelect(Vector.LessThan(logit, lowest), last, place);
            Vector.ConvertToInt32(kept).CopyTo(_buckets, token);
        }

        for (; token < logits.Length; token++)
        {
            float place = Math.Min((largest - logits[token]) * perUnit, BucketsCount);
            _buckets[token] = logits[token] < cutoff ? BucketsCount : (int)place;
        }
    }

    private void FillChances(ReadOnlySpan<float> logits, float largest, float scale)
    {
        Vector<float> top = new(largest);
        int token = 0;
        for (; token <= logits.Length - Vector<float>.Count; token += Vector<float>.Count)
        {
            Vector.Exp((new Vector<float>(logits[token..]) - top) * scale).CopyTo(_chances, token);
        }

        for (; token < logits.Length; token++)
        {
            _chances[token] = MathF.Exp((logits[token] - largest) * scale);
        }
    }

    /// <summary>Sums the chances by bucket and returns the sum of all that may still be kept.</summary>
    private double Weigh()
    {
        Array.Clear(_weights);
        for (int token = 0; token < _buckets.Length; token++)
        {
            _weights[_buckets[token]] += _chances[token];
        }

        double total = 0;
        foreach (double weight in _weights.AsSpan(0, BucketsCount))
        {
            total += weight;
        }

        return total;
    }

    /// <summary>The logit at which the chances of this and all higher logits first reach <paramref name="share"/>.</summary>
    private float Border(ReadOnlySpan<float> logits, double share, float cutoff)
    {
        int bucket = 0;
        while (bucket < BucketsCount && _weights[bucket] < share)
        {
            share -= _weights[bucket++];
        }

        if (bucket == BucketsCount)
        {
            return cutoff;
        }

        int count = GatherBucket(logits, bucket);
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

    private int GatherBucket(ReadOnlySpan<float> logits, int bucket)
    {
        int count = 0;
        ReadOnlySpan<int> buckets = _buckets;
        for (int from = 0, step; (step = buckets[from..].IndexOf(bucket)) >= 0; from += step + 1)
        {
            _borderChances[count] = _chances[from + step];
            _border[count++] = logits[from + step];
        }

        return count;
    }
}
