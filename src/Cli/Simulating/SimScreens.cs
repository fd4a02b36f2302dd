using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using Darkbloom.Cli.Consoles;
using Darkbloom.Simulations.Fleet;
using Spectre.Console;

namespace Darkbloom.Cli.Simulating;

/// <summary>Shows results to a person, or to a program.</summary>
internal static class SimScreens
{
    public static void Show(FleetReport report, Terminal terminal)
    {
        Table table = Tables.Create("metric", "mean", "95 % interval", "");
        foreach (string name in FleetMetrics.Names)
        {
            Estimate estimate = report.EstimateOf(name);
            table.Add(name, Number(estimate.Mean), HalfWidth(estimate), FleetMetrics.MeaningOf(name));
        }

        terminal.OutConsole().Write(table);
        ShowVerdict(report, terminal);
    }

    public static void ShowVerdict(FleetReport report, Terminal terminal)
    {
        foreach (string miss in report.Misses)
        {
            terminal.Out.WriteLine($"missed: {miss}");
        }

        foreach (string violation in report.FirstViolations)
        {
            terminal.Out.WriteLine($"invariant broken: {violation}");
        }
    }

    /// <summary>What the first look says after its table: what was seen, what of it is real, and what to ask next.</summary>
    public static void Teach(FleetReport report, Terminal terminal)
    {
        double Mean(string metric) => report.EstimateOf(metric).Mean;
        FleetScenario scenario = report.Scenario;
        terminal.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"""

            {scenario.Fleet.Macs} simulated Macs answered {Mean("completedShare"):P1} of {Mean("requests"):F0} requests in {scenario.Minutes:F0} virtual minutes; half of the first tokens came within {Mean("firstTokenS.p50"):F1} s.
            The router, the dispatch and the admission that decided are the code that ships; the Macs, their owners and the network are models.

            Next:
              darkbloom sim list                                       what else can be asked
              darkbloom sim run lid-close --seeds 5 --out results      30 % of the Macs vanish at once; results/report.html shows it
              darkbloom sim compare lid-close --set owners.drainSeconds=0   the same seeds with one thing changed
            """));
    }

    public static void ShowDifference(FleetReport before, FleetReport after, bool json, Terminal terminal)
    {
        JsonObject all = [];
        Table table = Tables.Create("metric", "before", "after", "difference", "95 % interval");
        foreach (string name in FleetMetrics.Names)
        {
            Estimate difference = after.DifferenceTo(before, name);
            double? half = difference.HalfWidth;
            all[name] = new JsonObject
            {
                ["before"] = before.EstimateOf(name).Mean,
                ["after"] = after.EstimateOf(name).Mean,
                ["difference"] = difference.Mean,
                ["ci95"] = half is { } width ? new JsonArray(difference.Mean - width, difference.Mean + width) : null,
            };
            table.Add(name, Number(before.EstimateOf(name).Mean), Number(after.EstimateOf(name).Mean), Number(difference.Mean), HalfWidth(difference));
        }

        if (json)
        {
            terminal.Out.WriteLine(all.ToJsonString());
        }
        else
        {
            terminal.OutConsole().Write(table);
        }
    }

    /// <summary>How a seed that broke an invariant is run again.</summary>
    public static void ShowReplay(FleetReport report, SimPlan plan, Terminal terminal)
    {
        if (report.ReplaySeed is { } seed)
        {
            string settings = string.Concat(plan.Settings.Select(static setting => $" --set {setting}"));
            terminal.Out.WriteLine(plan.Out is { } directory
                ? $"replay: darkbloom sim replay {directory} --seed {seed}"
                : $"replay: darkbloom sim run {plan.Scenario}{settings} --first-seed {seed} --seeds 1");
        }
    }

    public static void ShowInterruption(FleetReport report, int seeds, string? directory, Terminal terminal) => terminal.Error.WriteLine(
        $"Interrupted: {report.WholeSeeds} of {seeds} seeds are whole, {report.Seeds.Length - report.WholeSeeds} in part. "
        + (directory is null ? "Nothing was written, for want of --out." : $"What there is stands in {Path.GetFullPath(directory)}."));

    public static string Number(double value) => value.ToString(Math.Abs(value) >= 1000 ? "F0" : "G4", CultureInfo.InvariantCulture);

    public static string HalfWidth(Estimate estimate) => estimate.HalfWidth is { } half ? "± " + Number(half) : "";

    public static ExitCode CodeOf(FleetReport report) =>
        report.Violations > 0 ? ExitCode.InvariantBroken
        : report.IsInterrupted ? ExitCode.Interrupted
        : report.Misses.Count > 0 ? ExitCode.Failure
        : ExitCode.Success;
}
