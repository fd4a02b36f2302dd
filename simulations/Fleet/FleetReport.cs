using System;
using System.Collections.Generic;
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

    public FleetReport(FleetScenario scenario, IReadOnlyList<FleetResult> results)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(results);
        (_scenario, _results) = (scenario, results);
        Misses = [.. Missed()];
    }

    /// <summary>Expectations that were missed, in words.</summary>
    public IReadOnlyList<string> Misses { get; }

    public int Violations => _results.Sum(static result => result.Violations.Length);

    /// <summary>The first violation of each seed that has one.</summary>
    public IEnumerable<string> FirstViolations => _results
        .Where(static result => result.Violations.Length > 0)
        .Select(static result => $"seed {result.Seed}, request {result.Violations[0].Request}: {result.Violations[0].What}");

    /// <summary>A seed that broke an invariant; null when none did.</summary>
    public ulong? ReplaySeed => _results.FirstOrDefault(static result => result.Violations.Length > 0)?.Seed;

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
        writer.Write("seed,id,gateway,arrived_s,first_token_s,total_s,longest_gap_s,prompt_tokens,output_tokens,outcome,offers,exposure,resumptions\n");
        foreach (FleetResult result in _results)
        {
            foreach (RequestRecord r in result.Requests)
            {
                writer.Write(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{result.Seed},{r.Id},{r.Gateway},{r.ArrivedS:F6},{r.FirstTokenS:F6},{r.TotalS:F6},{r.LongestGapS:F6},{r.PromptTokens},{r.OutputTokens},{r.Outcome},{r.Offers},{r.Exposure},{r.Resumptions}\n"));
            }
        }
    }

    public void WriteSeries(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write("seed,at_s,alive,in_flight,submitted,ended\n");
        foreach (FleetResult result in _results)
        {
            foreach (FleetSample s in result.Series)
            {
                writer.Write(string.Create(CultureInfo.InvariantCulture, $"{result.Seed},{s.AtS:F0},{s.Alive},{s.InFlight},{s.Submitted},{s.Ended}\n"));
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
                JsonObject line = new() { ["seed"] = result.Seed, ["request"] = violation.Request, ["what"] = violation.What };
                writer.Write(line.ToJsonString() + "\n");
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
