using System.Collections.Immutable;

namespace Darkbloom.Conformance.Scores;

/// <summary>How one part fares.</summary>
/// <param name="Goal">The least share that must pass.</param>
/// <param name="NotCompared">Cases that say nothing about the gateway, with their reasons counted.</param>
/// <param name="Failures">Each failed case with what was wrong.</param>
public sealed record ScoreRow(string Part, int Passed, int Failed, double Goal, ImmutableSortedDictionary<string, int> NotCompared, ImmutableArray<string> Failures)
{
    public double Share => Passed + Failed == 0 ? 1 : (double)Passed / (Passed + Failed);

    public bool IsMet => Share >= Goal;
}
