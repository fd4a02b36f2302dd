using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Darkbloom.Mesh.Dispatch;

namespace Darkbloom.Simulations.Fleet;

/// <summary>The figures of a run, by the names that expectations use.</summary>
public static class FleetMetrics
{
    private static readonly ImmutableArray<(string Name, string Meaning)> _all =
    [
        ("requests", "that clients sent"),
        ("completedShare", "of the requests"),
        ("noCapacityShare", "refused by every node that was asked"),
        ("deadlineShare", "without a token in time"),
        ("lostShare", "broken off for other reasons"),
        ("resumedShare", "went on at another node"),
        ("firstTokenS.p50", "from request to first token"),
        ("firstTokenS.p95", "the same"),
        ("firstTokenS.p99", "the same"),
        ("firstTokenS.mean", "the same"),
        ("gapS.p99", "longest pause in an answer"),
        ("resumedGapS.p50", "longest pause in an answer that moved"),
        ("resumedGapS.p99", "the same"),
        ("offersMean", "nodes asked for each request"),
        ("exposureMean", "nodes that saw each prompt"),
        ("tokensPerSecond", "delivered, over the run"),
        ("utilisation", "of the slots of living Macs"),
        ("aliveMean", "Macs"),
        ("fencedMessages", "of earlier attempts, dropped"),
    ];

    public static ImmutableArray<string> Names { get; } = [.. _all.Select(static metric => metric.Name)];

    public static string MeaningOf(string name) => _all.First(metric => metric.Name == name).Meaning;

    internal static ImmutableSortedDictionary<string, double> Of(
        IReadOnlyList<RequestRecord> records, FleetChecks checks, double utilisation, IReadOnlyList<FleetSample> series)
    {
        double[] firstTokens = Sorted(records.Where(static r => r.FirstTokenS is not null).Select(static r => r.FirstTokenS!.Value));
        double[] gaps = Sorted(records.Where(static r => r.FirstTokenS is not null).Select(static r => r.LongestGapS));
        double[] resumedGaps = Sorted(records.Where(static r => r.Resumptions > 0).Select(static r => r.LongestGapS));
        double count = Math.Max(1, records.Count);
        double Share(Func<RequestRecord, bool> which) => records.Count(which) / count;
        double completed = Share(static r => r.Outcome == InferenceOutcome.Completed);
        double refused = Share(static r => r.Outcome == InferenceOutcome.NoCapacity);
        double late = Share(static r => r.Outcome == InferenceOutcome.DeadlineExceeded);
        double seconds = series.Count > 0 ? series[^1].AtS : 0;
        ImmutableSortedDictionary<string, double>.Builder metrics = ImmutableSortedDictionary.CreateBuilder<string, double>(StringComparer.Ordinal);
        metrics["requests"] = checks.Submitted;
        metrics["completedShare"] = completed;
        metrics["noCapacityShare"] = refused;
        metrics["deadlineShare"] = late;
        metrics["lostShare"] = records.Count == 0 ? 0 : Math.Max(0, 1 - completed - refused - late);
        metrics["resumedShare"] = Share(static r => r.Resumptions > 0);
        metrics["firstTokenS.p50"] = Quantile(firstTokens, 0.5);
        metrics["firstTokenS.p95"] = Quantile(firstTokens, 0.95);
        metrics["firstTokenS.p99"] = Quantile(firstTokens, 0.99);
        metrics["firstTokenS.mean"] = firstTokens.Length > 0 ? firstTokens.Average() : 0;
        metrics["gapS.p99"] = Quantile(gaps, 0.99);
        metrics["resumedGapS.p50"] = Quantile(resumedGaps, 0.5);
        metrics["resumedGapS.p99"] = Quantile(resumedGaps, 0.99);
        metrics["offersMean"] = records.Sum(static r => r.Offers) / count;
        metrics["exposureMean"] = records.Sum(static r => r.Exposure) / count;
        metrics["tokensPerSecond"] = seconds > 0 ? records.Sum(static r => (double)r.OutputTokens) / seconds : 0;
        metrics["utilisation"] = utilisation;
        metrics["aliveMean"] = series.Count > 0 ? series.Average(static sample => sample.Alive) : 0;
        metrics["fencedMessages"] = checks.Fenced;
        return metrics.ToImmutable();
    }

    /// <summary>The value below which that share of the sorted values is; 0 of none.</summary>
    private static double Quantile(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];

    private static double[] Sorted(IEnumerable<double> values)
    {
        double[] sorted = [.. values];
        Array.Sort(sorted);
        return sorted;
    }
}
