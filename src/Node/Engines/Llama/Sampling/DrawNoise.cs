using System;

namespace Darkbloom.Node.Engines.Llama.Sampling;

/// <summary>The noise under which a token is drawn: a function of seed, position and token, with no state.</summary>
/// <remarks>
/// <para>Frozen: nodes of different versions must draw the same token. With <c>Mix</c> the SplitMix64 finalizer and
/// <c>γ = 0x9E3779B97F4A7C15</c>, all modulo 2^64:</para>
/// <code>
/// key(seed, position)  = Mix(Mix(seed) + (position + 1)·γ)
/// bits(key, token)     = Mix(key + (token + 1)·γ)
/// uniform(bits)        = ((bits >> 12) + ½) · 2^-52          in (0, 1), exact in a double
/// gumbel(bits)         = -ln(-ln(uniform(bits)))
/// </code>
/// <para>Position is the token's index in its choice's output. A node that takes over a stream after <c>k</c>
/// tokens goes on at position <c>k</c>: nothing but the seed has to be handed over.</para>
/// </remarks>
public static class DrawNoise
{
    private const ulong Gamma = 0x9E37_79B9_7F4A_7C15;
    private const double UniformStep = 1.0 / (1UL << 52);

    /// <summary>What the noise of all tokens at one position has in common.</summary>
    public static ulong Key(ulong seed, uint position) => unchecked(Mix(Mix(seed) + (((ulong)position + 1) * Gamma)));

    public static ulong Bits(ulong key, int token) => unchecked(Mix(key + (((ulong)(uint)token + 1) * Gamma)));

    /// <summary>The bits as a draw from the standard Gumbel distribution.</summary>
    public static double Gumbel(ulong bits) => -Math.Log(-Math.Log(((bits >> 12) + 0.5) * UniformStep));

    private static ulong Mix(ulong value)
    {
        unchecked
        {
            value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
            value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
            return value ^ (value >> 31);
        }
    }
}
