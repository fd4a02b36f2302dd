using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading.Tasks;
using Darkbloom.Conformance.Scores;

namespace Darkbloom.Conformance.Exchanges;

/// <summary>Replays all recorded exchanges and counts by endpoint.</summary>
public static class ExchangeScore
{
    public const double Goal = 0.97;

    public static async Task<IReadOnlyList<ScoreRow>> RunAsync(ExchangeReplay replay)
    {
        List<ReplayOutcome> outcomes = [];
        foreach (RecordedExchange exchange in RecordedExchange.ReadAll())
        {
            outcomes.Add(await replay.RunAsync(exchange));
        }

        return
        [
            .. outcomes.GroupBy(static outcome => outcome.Part)
                .Where(static part => part.Any(static outcome => outcome.Verdict is ReplayVerdict.Same or ReplayVerdict.Different))
                .OrderBy(static part => part.Key)
                .Select(static part => Count(part.Key, [.. part])),
        ];
    }

    private static ScoreRow Count(string part, ReplayOutcome[] outcomes) => new(
        $"recorded {part}",
        outcomes.Count(static outcome => outcome.Verdict == ReplayVerdict.Same),
        outcomes.Count(static outcome => outcome.Verdict == ReplayVerdict.Different),
        Goal,
        outcomes.Where(static outcome => outcome.Verdict is ReplayVerdict.Refused or ReplayVerdict.OutOfScope)
            .GroupBy(static outcome => outcome.Remarks[0])
            .ToImmutableSortedDictionary(static reason => reason.Key, static reason => reason.Count()),
        [
            .. outcomes.Where(static outcome => outcome.Verdict == ReplayVerdict.Different)
                .Select(static outcome => $"{outcome.Id}: {string.Join("; ", outcome.Remarks)}"),
        ]);
}
