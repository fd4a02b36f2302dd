using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;

namespace Darkbloom.Simulations.Fleet;

/// <summary>One scenario over combinations of settings, each with the same seeds: what a difference means is paired.</summary>
/// <param name="Cells">The settings of each report; the first is what the others are compared with.</param>
public sealed record FleetSweep(ImmutableArray<ImmutableArray<string>> Cells, ImmutableArray<FleetReport> Reports)
{
    /// <summary>One line for each combination and metric, with the settings in columns of their own.</summary>
    public void WriteTable(TextWriter writer, IReadOnlyList<string> metrics)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(metrics);
        writer.Write($"{string.Concat(Cells[0].Select(static setting => PathOf(setting) + ","))}metric,seeds,mean,sd,ci95_low,ci95_high,difference,difference_ci95_low,difference_ci95_high\n");
        for (int i = 0; i < Reports.Length; i++)
        {
            foreach (string metric in metrics)
            {
                Estimate estimate = Reports[i].EstimateOf(metric), difference = Reports[i].DifferenceTo(Reports[0], metric);
                writer.Write(string.Concat(Cells[i].Select(static setting => Cell(ValueOf(setting)) + ",")));
                writer.Write(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{metric},{Reports[i].Seeds.Length},{estimate.Mean},{estimate.Deviation},{Ends(estimate)},{difference.Mean},{Ends(difference)}\n"));
            }
        }
    }

    public JsonArray ToJson(string revision) =>
        [.. Reports.Select((report, index) => (JsonNode)new JsonObject
        {
            ["settings"] = new JsonArray([.. Cells[index].Select(static setting => (JsonNode)setting)]),
            ["summary"] = report.ToJson(revision),
        })];

    public static string PathOf(string setting) => setting[..setting.IndexOf('=', StringComparison.Ordinal)];

    public static string ValueOf(string setting) => setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..];

    private static string Cell(string value) =>
        value.AsSpan().ContainsAny(',', '"') ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : value;

    private static string Ends(Estimate estimate) => estimate.HalfWidth is { } half
        ? string.Create(CultureInfo.InvariantCulture, $"{estimate.Mean - half},{estimate.Mean + half}")
        : ",";
}
