using System;
using System.Numerics;

namespace Darkbloom.Node.Engines.Llama.Sampling;

/// <summary>Draws from softmax(logits / temperature) as the largest of logit / temperature + Gumbel noise.</summary>
/// <remarks>
/// Each token's chance depends on two numbers of its own, so an error of one logit moves one comparison. Drawing by
/// the cumulative distribution instead lets every error shift all later borders: on another batch shape, where logits
/// differ in the last bits, it departs from the first run about once in fifty continuations.
/// </remarks>
public static class GumbelMax
{
    private const double Ln2 = 0.693_147_180_559_945_4;

    // bits all ones: the largest noise there is.
    private const double NoiseMax = 53 * Ln2;

    /// <summary>The token with the largest sum among those whose logit is at least <paramref name="cutoff"/>.</summary>
    /// <param name="largest">Index of the largest logit: where the search starts, so that it can skip the most.</param>
    public static int Draw(ReadOnlySpan<float> logits, int largest, double temperature, float cutoff, ulong key)
    {
        double scale = 1 / temperature;
        int drawn = largest;
        double best = (logits[largest] * scale) + DrawNoise.Gumbel(DrawNoise.Bits(key, largest));
        for (int token = 0; token < logits.Length; token++)
        {
            float logit = logits[token];
            double scaled = logit * scale;
            if (!(logit >= cutoff) || scaled + NoiseMax <= best)
            {
                continue;
            }

            // -ln(-ln u) <= -ln(1 - u) <= (leading ones of u + 1)·ln 2: two logarithms are saved for nearly all.
            ulong bits = DrawNoise.Bits(key, token);
            if (scaled + ((BitOperations.LeadingZeroCount(~bits) + 1) * Ln2) <= best)
            {
                continue;
            }

            double sum = scaled + DrawNoise.Gumbel(bits);
            if (sum > best)
            {
                best = sum;
                drawn = token;
            }
        }

        return drawn;
    }
}
