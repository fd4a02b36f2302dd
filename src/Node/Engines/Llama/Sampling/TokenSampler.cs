using System;
using System.Numerics;

namespace Darkbloom.Node.Engines.Llama.Sampling;

/// <summary>Draws tokens from logits; holds scratch memory for one vocabulary and no other state.</summary>
/// <remarks>
/// The order is penalties (the caller applies them, they are the choice's state), temperature, top_k, top_p, min_p,
/// Gumbel-max. A temperature below <see cref="TemperatureMin"/> takes the largest logit, the lowest token among equals.
/// </remarks>
public sealed class TokenSampler(int vocabulary)
{
    /// <summary>Changes with everything that lets two builds draw different tokens from equal logits.</summary>
    public const int Version = 1;

    /// <summary>Below it the largest logit is taken: dividing by less would leave the range of a float.</summary>
    public const float TemperatureMin = 1e-4f;

    private readonly Truncation _truncation = new(vocabulary);

    /// <summary>Draws the token at <paramref name="position"/>; -1 when none is allowed or a logit is not a number.</summary>
    public int Draw(ReadOnlySpan<float> logits, in SamplingSettings settings, uint position)
    {
        int largest = IndexOfLargest(logits);
        if (largest < 0 || settings.Temperature < TemperatureMin)
        {
            return largest;
        }

        float cutoff = _truncation.Cutoff(logits, logits[largest], settings);

        // A forbidden token has the logit -infinity; the lowest finite number keeps it out of every draw.
        cutoff = Math.Max(cutoff, float.MinValue);
        return GumbelMax.Draw(logits, largest, settings.Temperature, cutoff, DrawNoise.Key(settings.Seed, position));
    }

    private static int IndexOfLargest(ReadOnlySpan<float> logits)
    {
        Vector<float> largest = new(float.NegativeInfinity);
        int index = 0;
        for (; index <= logits.Length - Vector<float>.Count; index += Vector<float>.Count)
        {
            largest = Vector.Max(largest, new Vector<float>(logits[index..]));
        }

        float top = float.NegativeInfinity;
        for (int lane = 0; lane < Vector<float>.Count; lane++)
        {
            top = Math.Max(top, largest[lane]);
        }

        for (; index < logits.Length; index++)
        {
            top = Math.Max(top, logits[index]);
        }

        return float.IsFinite(top) ? logits.IndexOf(top) : -1;
    }
}
