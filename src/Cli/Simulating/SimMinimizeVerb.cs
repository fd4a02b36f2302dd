using System;
using System.CommandLine;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Verbs;
using Darkbloom.Simulations.Fleet;

namespace Darkbloom.Cli.Simulating;

/// <summary><c>darkbloom sim minimize</c>: the smallest scenario that still fails as a given one does.</summary>
internal static class SimMinimizeVerb
{
    private const int TriesMax = 10_000;
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(10);

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("minimize", "Make a scenario that fails smaller for as long as it still fails: faults, time, Macs, gateways, demand, kinds of Macs.")
        {
            Examples = [new("darkbloom sim minimize mine.json --seeds 5 --out smaller", "writes smaller/minimal.json")],
        };
        SimOptions options = new(verb, "minimal.json");
        Option<int> tries = new("--tries") { Description = "scenarios that are tried, at most", DefaultValueFactory = static _ => 200, HelpName = "count" };
        verb.Add(tries);
        verb.SetAction((parsed, _) => Task.FromResult((int)Run(
            options.Read(parsed), SimOptions.Checked("--tries", parsed.GetValue(tries), TriesMax), parsed.GetValue(options.Json), terminal)));
        return verb;
    }

    private static ExitCode Run(SimPlan plan, int tries, bool json, Terminal terminal)
    {
        FleetScenario scenario = plan.Read();
        using StopSignals signals = StopSignals.Listen();
        if (FindFailure(scenario, plan, signals.Token) is not { } failure)
        {
            terminal.Out.WriteLine($"{scenario.Name} doesn't fail with {plan.Seeds} seeds from {plan.FirstSeed} on.");
            return ExitCode.Success;
        }

        FleetScenario smallest = ScenarioShrinker.Shrink(
            scenario, smaller => !signals.Token.IsCancellationRequested && HowFails(smaller, failure.Seed, signals.Token) == failure.Kind, tries);
        string text = SimFiles.Text(ScenarioFile.ToJson(smallest));
        if (plan.Out is { } directory)
        {
            SimFiles.Write(directory, ("minimal.json", writer => writer.Write(text)));
        }

        if (json)
        {
            terminal.Out.Write(text);
        }
        else
        {
            string wrote = plan.Out is { } written ? Path.Combine(written, "minimal.json") : scenario.Name;
            terminal.Out.WriteLine($"{failure.Kind} with seed {failure.Seed}: {scenario.Minutes} minutes, {scenario.Fleet.Macs} Macs, {scenario.Faults.Length} faults");
            terminal.Out.WriteLine($"still so with {smallest.Minutes} minutes, {smallest.Fleet.Macs} Macs, {smallest.Faults.Length} faults");
            terminal.Out.WriteLine($"replay: darkbloom sim run {wrote} --first-seed {failure.Seed} --seeds 1");
        }

        return signals.Token.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Success;
    }

    private static (string Kind, ulong Seed)? FindFailure(FleetScenario scenario, SimPlan plan, CancellationToken stop)
    {
        for (int i = 0; i < plan.Seeds && !stop.IsCancellationRequested; i++)
        {
            ulong seed = plan.FirstSeed + (ulong)i;
            if (HowFails(scenario, seed, stop) is { } kind)
            {
                return (kind, seed);
            }
        }

        return null;
    }

    /// <summary>What is wrong with a run, without its figures; null when nothing is.</summary>
    private static string? HowFails(FleetScenario scenario, ulong seed, CancellationToken stop)
    {
        FleetSimulation simulation = new(scenario, seed);
        while (simulation.Advance(Slice) && !stop.IsCancellationRequested)
        {
        }

        FleetReport report = new(scenario, [simulation.Result()]);
        return report.Violations > 0 ? "an invariant breaks"
            : report.Misses.Count > 0 ? $"{report.Misses[0].Split(' ')[0]} misses what is expected"
            : null;
    }
}
