using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Darkbloom.Simulations.Fleet;

/// <summary>What a summary.json says: enough to run its seeds again, and to compare.</summary>
/// <param name="Revision">Of the program that wrote it.</param>
public sealed record FleetSummary(FleetScenario Scenario, string Revision, bool IsInterrupted, ImmutableArray<FleetSummarySeed> Seeds)
{
    /// <exception cref="FormatException">It is none, or was written by a version too different from this one.</exception>
    public static FleetSummary Read(string text)
    {
        try
        {
            JsonNode summary = JsonNode.Parse(text)!;
            if ((int?)summary["schema"] != FleetReport.Schema)
            {
                throw new FormatException($"summary.json isn't of schema {FleetReport.Schema}: run the scenario again.");
            }

            JsonArray seeds = summary["seeds"]!.AsArray();
            List<FleetSummarySeed> runs = [];
            for (int i = 0; i < seeds.Count; i++)
            {
                int index = i;
                runs.Add(new FleetSummarySeed(
                    (ulong)seeds[i]!,
                    (string)summary["hashes"]![i]!,
                    summary["metrics"]!.AsObject().ToImmutableSortedDictionary(
                        static metric => metric.Key, metric => (double)metric.Value!["bySeed"]![index]!, StringComparer.Ordinal)));
            }

            return new FleetSummary(
                ScenarioFile.Read(summary["scenario"]!.ToJsonString(), []), (string)summary["revision"]!, (bool)summary["interrupted"]!, [.. runs]);
        }
        catch (Exception e) when (e is JsonException or NullReferenceException or InvalidOperationException or ArgumentOutOfRangeException)
        {
            throw new FormatException("summary.json is no summary of a run, or was cut short.", e);
        }
    }
}

/// <summary>One seed of a <see cref="FleetSummary"/>.</summary>
public sealed record FleetSummarySeed(ulong Seed, string Hash, ImmutableSortedDictionary<string, double> Metrics);
