using System;
using System.Collections.Immutable;

namespace Darkbloom.Simulations.Fleet;

/// <summary>How fast one kind of Mac runs an 8B-class model in 4 bits.</summary>
/// <param name="PrefillTokensPerSecond">One prompt at a time.</param>
/// <param name="DecodeTokensPerSecond">Of one answer alone.</param>
internal sealed record MacClass(string Name, double PrefillTokensPerSecond, double DecodeTokensPerSecond)
{
    /// <summary>What each further answer that is decoded at once costs the others: 1 / (1 + 0.27 (b - 1)) of the speed alone.</summary>
    /// <remarks>Fits 92.8, 69.5, 35.9 and 29.6 tokens/s at 1, 2, 4 and 8 answers, as d-inference published for an M4 Max.</remarks>
    private const double BatchCost = 0.27;

    /// <summary>Medians of the classes in llama.cpp discussion 4167 (7B, Q4_0); the mix of a fleet is an assumption.</summary>
    public static ImmutableArray<MacClass> Known { get; } =
    [
        new("base", 180, 24),
        new("pro", 320, 50),
        new("max", 650, 75),
        new("ultra", 1100, 92),

        // No Mac: decodes any number of answers at full speed and needs no prefill, for comparison with queueing theory.
        new("ideal", double.PositiveInfinity, 1000) { HasBatchCost = false },
    ];

    public bool HasBatchCost { get; init; } = true;

    /// <summary>Tokens per second of each of <paramref name="answers"/> that are decoded at once.</summary>
    public double DecodeRate(int answers) => HasBatchCost ? DecodeTokensPerSecond / (1 + (BatchCost * (Math.Max(1, answers) - 1))) : DecodeTokensPerSecond;
}
