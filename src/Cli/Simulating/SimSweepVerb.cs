using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;
using Darkbloom.Cli.Verbs;
using Darkbloom.Simulations.Fleet;
using Spectre.Console;

namespace Darkbloom.Cli.Simulating;

/// <summary><c>darkbloom sim sweep</c>: a scenario over the values of some settings, with the same seeds for each.</summary>
internal static class SimSweepVerb
{
    private static readonly ImmutableArray<string> _usual = ["completedShare", "firstTokenS.p50", "firstTokenS.p99", "gapS.p99", "offersMean", "utilisation"];

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("sweep", "Run a scenario over the values of some settings, with the same seeds; shows means, intervals and paired differences to the first.")
        {
            Examples =
            [
                new("darkbloom sim sweep hello --param fleet.macs=50,100,200 --seeds 5", "how many Macs are enough"),
                new("darkbloom sim sweep lid-close --param owners.drainSeconds=0,10 --param faults='[],[{\"kind\":\"crash\",\"atMinute\":5}]' --out results", "a grid, as sweep.csv and sweep.json"),
            ],
        };
        SimOptions options = new(verb, "sweep.csv and sweep.json");
        Option<string[]> parameters = new("--param") { Description = "a value of the scenario, and what it is to be in turn", HelpName = "path=value,value", Required = true };
        Option<string[]> metrics = new("--metric") { Description = $"what to show; usually {string.Join(", ", _usual)}", HelpName = "name" };
        verb.Add(parameters);
        verb.Add(metrics);
        verb.SetAction((parsed, _) => RunAsync(
            options.Read(parsed), parsed.GetValue(parameters)!, [.. parsed.GetValue(metrics) ?? []], parsed.GetValue(options.Json), terminal));
        return verb;
    }

    private static async Task<int> RunAsync(SimPlan plan, string[] parameters, ImmutableArray<string> metrics, bool json, Terminal terminal)
    {
        metrics = metrics.Length > 0 ? metrics : _usual;
        if (metrics.FirstOrDefault(static metric => !FleetMetrics.Names.Contains(metric)) is { } unknown)
        {
            throw new SettingException($"--metric: there is no {unknown}; there are {string.Join(", ", FleetMetrics.Names)}.");
        }

        ImmutableArray<ImmutableArray<string>> cells = GridOf(parameters);
        FleetScenario[] scenarios = [.. cells.Select(cell => (plan with { Settings = [.. plan.Settings, .. cell] }).Read())];
        using StopSignals signals = StopSignals.Listen();
        FleetResult?[] results = await new SimRun(terminal, plan.Jobs).RunAsync([.. scenarios.SelectMany(plan.JobsOf)], signals.Token);

        // What was interrupted gives the combinations whose seeds all ended.
        List<int> whole = [.. Enumerable.Range(0, cells.Length).TakeWhile(cell => Of(cell).All(static result => result is { IsWhole: true }))];
        if (whole.Count == 0)
        {
            await terminal.Error.WriteLineAsync("Interrupted before the first combination was whole; nothing was written.");
            return (int)ExitCode.Interrupted;
        }

        FleetSweep sweep = new([.. whole.Select(cell => cells[cell])], [.. whole.Select(cell => new FleetReport(scenarios[cell], [.. Of(cell)!]))]);
        if (json)
        {
            await terminal.Out.WriteLineAsync(sweep.ToJson(SimFiles.Revision).ToJsonString());
        }
        else
        {
            Show(sweep, metrics, terminal);
        }

        if (plan.Out is { } directory)
        {
            SimFiles.Write(
                directory,
                ("sweep.json", writer => writer.Write(SimFiles.Text(sweep.ToJson(SimFiles.Revision)))),
                ("sweep.csv", writer => sweep.WriteTable(writer, FleetMetrics.Names)));
            await terminal.Error.WriteLineAsync($"Wrote {Path.GetFullPath(directory)}.");
        }

        if (whole.Count < cells.Length)
        {
            await terminal.Error.WriteLineAsync($"Interrupted: {whole.Count} of {cells.Length} combinations are whole, the rest is left out.");
        }

        return (int)(sweep.Reports.Any(static report => report.Violations > 0) ? ExitCode.InvariantBroken
            : whole.Count < cells.Length ? ExitCode.Interrupted
            : ExitCode.Success);

        ReadOnlySpan<FleetResult?> Cell(int cell) => results.AsSpan(cell * plan.Seeds, plan.Seeds);
        FleetResult?[] Of(int cell) => Cell(cell).ToArray();
    }

    private static ImmutableArray<ImmutableArray<string>> GridOf(string[] parameters)
    {
        try
        {
            return SweepParameter.Grid(parameters.Select(SweepParameter.Read));
        }
        catch (FormatException e)
        {
            throw new SettingException($"--param: {e.Message}");
        }
    }

    private static void Show(FleetSweep sweep, ImmutableArray<string> metrics, Terminal terminal)
    {
        Table table = Tables.Create([.. sweep.Cells[0].Select(FleetSweep.PathOf), "metric", "mean", "95 % interval", "difference", "95 % interval"]);
        foreach (string metric in metrics)
        {
            for (int i = 0; i < sweep.Reports.Length; i++)
            {
                Estimate estimate = sweep.Reports[i].EstimateOf(metric), difference = sweep.Reports[i].DifferenceTo(sweep.Reports[0], metric);
                table.Add([
                    .. sweep.Cells[i].Select(FleetSweep.ValueOf), metric, SimScreens.Number(estimate.Mean), SimScreens.HalfWidth(estimate),
                    i == 0 ? "" : SimScreens.Number(difference.Mean), i == 0 ? "" : SimScreens.HalfWidth(difference)]);
            }
        }

        terminal.OutConsole().Write(table);
    }
}
