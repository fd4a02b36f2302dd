using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;

namespace Darkbloom.Simulations.Fleet;

/// <summary>A scenario's results over its seeds, as files: the same bytes from the same seeds.</summary>
public sealed class FleetReport
{
    /// <summary>Grows when a reader of summary.json has to change.</summary>
    public const int Schema = 1;

    private readonly FleetScenario _scenario;
    private readonly IReadOnlyList<FleetResult> _results;

    /// <param name="results">At least one.</param>
    /// <param name="interrupted">Further seeds were wanted and never began.</param>
    public FleetReport(FleetScenario scenario, IReadOnlyList<FleetResult> results, bool interrupted = false)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(results);
        (_scenario, _results) = (scenario, results);
        IsInterrupted = interrupted || results.Any(static result => !result.IsWhole);
        Misses = IsInterrupted ? [] : [.. Missed()];
    }

    public FleetScenario Scenario => _scenario;

    /// <summary>Expectations that were missed, in words; none of a run that was interrupted.</summary>
    public IReadOnlyList<string> Misses { get; }

    /// <summary>Some seeds were stopped before their end, or never began.</summary>
    public bool IsInterrupted { get; }

    public ImmutableArray<ulong> Seeds => [.. _results.Select(static result => result.Seed)];

    /// <summary>Seeds that ran until their end.</summary>
    public int WholeSeeds => _results.Count(static result => result.IsWhole);

    public int Violations => _results.Sum(static result => result.Violations.Length);

    /// <summary>The first violation of each seed that has one.</summary>
    public IEnumerable<string> FirstViolations => _results
        .Where(static result => result.Violations.Length > 0)
        .Select(static result => $"seed {result.Seed}, request {result.Violations[0].Request}: {result.Violations[0].What}");

    /// <summary>A seed that broke an invariant; null when none did.</summary>
    public ulong? ReplaySeed => _results.FirstOrDefault(static result => result.Violations.Length > 0)?.Seed;

    /// <summary>Reads back what was written: the summary, and the tables beside it.</summary>
    /// <exception cref="FormatException">A table isn't one that this program writes, or was cut short.</exception>
    public static FleetReport Read(FleetSummary summary, TextReader requests, TextReader series, TextReader violations)
    {
        ArgumentNullException.ThrowIfNull(summary);
        Dictionary<ulong, List<RequestRecord>> rows = FleetTables.ReadRequests(requests);
        Dictionary<ulong, List<FleetSample>> samples = FleetTables.ReadSeries(series);
        Dictionary<ulong, List<FleetViolation>> broken = FleetTables.ReadViolations(violations);
        FleetResult[] results =
        [
            .. summary.Seeds.Select(run => new FleetResult(
                run.Seed,
                [.. rows.GetValueOrDefault(run.Seed, [])],
                [.. samples.GetValueOrDefault(run.Seed, [])],
                [.. broken.GetValueOrDefault(run.Seed, [])],
                run.Metrics)
            {
                Hash = run.Hash,
            }),
        ];
        return new FleetReport(summary.Scenario, results, summary.IsInterrupted);
    }

    /// <summary>How much more this report's runs gave than the other's with the same seeds.</summary>
    public Estimate DifferenceTo(FleetReport other, string metric)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Estimate.Of([.. _results.Zip(other._results, (mine, its) => mine.Metrics[metric] - its.Metrics[metric])]);
    }

    public Estimate EstimateOf(string metric) => Estimate.Of([.. _results.Select(result => result.Metrics[metric])]);

    /// <param name="revision">Of the program that ran.</param>
    public JsonObject ToJson(string revision)
    {
        JsonObject metrics = [];
        foreach (string name in FleetMetrics.Names)
        {
            Estimate estimate = EstimateOf(name);
            metrics[name] = new JsonObject
            {
                ["mean"] = estimate.Mean,
                ["sd"] = estimate.Deviation,
                ["ci95"] = estimate.HalfWidth is { } half ? new JsonArray(estimate.Mean - half, estimate.Mean + half) : null,
                ["bySeed"] = new JsonArray([.. _results.Select(result => (JsonNode)result.Metrics[name])]),
            };
        }

        return new JsonObject
        {
            ["schema"] = Schema,
            ["revision"] = revision,
            ["fidelity"] = FleetSimulation.Fidelity,
            ["seeds"] = new JsonArray([.. _results.Select(static result => (JsonNode)result.Seed)]),
            ["hashes"] = new JsonArray([.. _results.Select(static result => (JsonNode)result.Hash)]),
            ["interrupted"] = IsInterrupted,
            ["violations"] = Violations,
            ["missed"] = new JsonArray([.. Misses.Select(static miss => (JsonNode)miss)]),
            ["metrics"] = metrics,
            ["scenario"] = ScenarioFile.ToJson(_scenario),
        };
    }

    /// <summary>One page of HTML that needs nothing else.</summary>
    public void WritePage(TextWriter writer, string revision)
    {
        ArgumentNullException.ThrowIfNull(writer);
        new FleetPage(_scenario, _results, this).Write(writer, revision);
    }

    public void WriteRequests(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(FleetTables.RequestsHeader + "\n");
        foreach (FleetResult result in _results)
        {
            foreach (RequestRecord request in result.Requests)
            {
                writer.Write(FleetTables.RowOf(result.Seed, request) + "\n");
            }
        }
    }

    public void WriteSeries(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(FleetTables.SeriesHeader + "\n");
        foreach (FleetResult result in _results)
        {
            foreach (FleetSample sample in result.Series)
            {
                writer.Write(FleetTables.RowOf(result.Seed, sample) + "\n");
            }
        }
    }

    /// <summary>One JSON object a line.</summary>
    public void WriteViolations(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        foreach (FleetResult result in _results)
        {
            foreach (FleetViolation violation in result.Violations)
            {
                writer.Write(FleetTables.RowOf(result.Seed, violation) + "\n");
            }
        }
    }

    private IEnumerable<string> Missed()
    {
        foreach (FleetExpectation expectation in _scenario.Expect)
        {
            double mean = EstimateOf(expectation.Metric).Mean;
            if (expectation.AtLeast is { } least && mean < least)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{expectation.Metric} is {mean:G4}, expected at least {least:G4}");
            }

            if (expectation.AtMost is { } most && mean > most)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{expectation.Metric} is {mean:G4}, expected at most {most:G4}");
            }
        }
    }
}
