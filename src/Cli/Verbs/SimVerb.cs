using System;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;
using Darkbloom.Cli.Simulating;
using Darkbloom.Simulations.Fleet;
using Spectre.Console;

namespace Darkbloom.Cli.Verbs;

/// <summary><c>darkbloom sim</c>: what a fleet does when its Macs come and go, under virtual time.</summary>
internal static class SimVerb
{
    private const string First = "hello";
    private const int SeedsMax = 1000;

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("sim", "Ask what happens to answers when Macs come and go, under virtual time.")
        {
            Examples =
            [
                new("darkbloom sim", "a first look, in a few seconds"),
                new("darkbloom sim list", "the scenarios that come with it"),
                new("darkbloom sim run lid-close --seeds 5 --out results", "one of them, with confidence intervals and files"),
                new("darkbloom sim compare lid-close --set owners.gracefulShare=1 --seeds 5", "the same seeds, once with another setting"),
            ],
        };
        Option<bool> json = SettingOptions.CreateJsonOption();
        verb.Add(json);
        verb.SetAction((parsed, _) => RunAsync(new SimPlan { Scenario = First, Seeds = 1 }, parsed.GetValue(json), terminal));
        verb.Add(CreateList(terminal));
        verb.Add(CreateDescribe(terminal));
        verb.Add(CreateRun(terminal));
        verb.Add(CreateCompare(terminal));
        return verb;
    }

    private static Verb CreateList(Terminal terminal)
    {
        Verb verb = new("list", "List the scenarios that come with the simulator.") { Examples = [new("darkbloom sim list --json", "for programs")] };
        Option<bool> json = SettingOptions.CreateJsonOption();
        verb.Add(json);
        verb.SetAction(parsed =>
        {
            FleetScenario[] scenarios = [.. ScenarioFile.Known.Select(static name => ScenarioFile.Read(ScenarioFile.Text(name)!, []))];
            if (parsed.GetValue(json))
            {
                JsonArray all = [.. scenarios.Select(static scenario => (JsonNode)new JsonObject { ["name"] = scenario.Name, ["about"] = scenario.About })];
                terminal.Out.WriteLine(all.ToJsonString());
                return;
            }

            Table table = Tables.Create("name", "what it asks");
            foreach (FleetScenario scenario in scenarios)
            {
                table.Add(scenario.Name, scenario.About);
            }

            terminal.OutConsole().Write(table);
            terminal.Out.WriteLine("Next: darkbloom sim run lid-close");
        });
        return verb;
    }

    private static Verb CreateDescribe(Terminal terminal)
    {
        Verb verb = new("describe", "Print a scenario's file: a beginning for one's own.")
        {
            Examples = [new("darkbloom sim describe lid-close > mine.json", "then: darkbloom sim run mine.json")],
        };
        Argument<string> scenario = ScenarioArgument();
        verb.Add(scenario);
        verb.SetAction(parsed => terminal.Out.Write(SimPlan.TextOf(parsed.GetValue(scenario)!)));
        return verb;
    }

    private static Verb CreateRun(Terminal terminal)
    {
        Verb verb = new("run", "Run a scenario; ends with 1 if an expectation was missed, with 3 if an invariant broke.")
        {
            Examples =
            [
                new("darkbloom sim run hello --seeds 1 --out results", "writes report.html, summary.json, requests.csv"),
                new("darkbloom sim run overnet-storm --set fleet.macs=500 --seeds 5", "with one value replaced"),
                new("darkbloom sim run mine.json --first-seed 17 --seeds 1", "a file of one's own, and a seed that was printed"),
            ],
        };
        RunOptions options = new(verb);
        verb.SetAction((parsed, _) => RunAsync(options.Read(parsed), parsed.GetValue(options.Json), terminal));
        return verb;
    }

    private static Verb CreateCompare(Terminal terminal)
    {
        Verb verb = new("compare", "Run a scenario as it is and with other settings, with the same seeds; shows the paired differences.")
        {
            Examples = [new("darkbloom sim compare idle-desktops --set owners.gracefulShare=0 --seeds 5", "what goodbyes are worth")],
        };
        RunOptions options = new(verb);
        verb.SetAction(async (parsed, _) =>
        {
            SimPlan changed = options.Read(parsed);
            if (changed.Settings.Count == 0)
            {
                throw new SettingException("compare needs at least one --set, as in --set fleet.macs=500.");
            }

            using StopSignals signals = StopSignals.Listen();
            FleetReport before = await new SimRun(changed with { Settings = [] }, terminal).RunAsync(signals.Token);
            FleetReport after = await new SimRun(changed, terminal).RunAsync(signals.Token);
            ShowDifference(before, after, parsed.GetValue(options.Json), terminal);
            return (int)(before.Violations + after.Violations > 0 ? ExitCode.InvariantBroken : ExitCode.Success);
        });
        return verb;
    }

    private static async Task<int> RunAsync(SimPlan plan, bool json, Terminal terminal)
    {
        using StopSignals signals = StopSignals.Listen();
        FleetReport report = await new SimRun(plan, terminal).RunAsync(signals.Token);
        if (plan.Out is { } directory)
        {
            SimFiles.Write(directory, report);
        }

        if (json)
        {
            await terminal.Out.WriteLineAsync(report.ToJson(SimFiles.Revision).ToJsonString());
        }
        else
        {
            Show(report, plan, terminal);
        }

        return (int)(report.Violations > 0 ? ExitCode.InvariantBroken : report.Misses.Count > 0 ? ExitCode.Failure : ExitCode.Success);
    }

    private static void Show(FleetReport report, SimPlan plan, Terminal terminal)
    {
        Table table = Tables.Create("metric", "mean", "95 % interval", "");
        foreach (string name in FleetMetrics.Names)
        {
            Estimate estimate = report.EstimateOf(name);
            table.Add(name, Number(estimate.Mean), estimate.HalfWidth is { } half ? "± " + Number(half) : "", FleetMetrics.MeaningOf(name));
        }

        terminal.OutConsole().Write(table);
        foreach (string miss in report.Misses)
        {
            terminal.Out.WriteLine($"missed: {miss}");
        }

        foreach (string violation in report.FirstViolations)
        {
            terminal.Out.WriteLine($"invariant broken: {violation}");
        }

        if (report.ReplaySeed is { } seed)
        {
            string settings = string.Concat(plan.Settings.Select(static setting => $" --set {setting}"));
            terminal.Out.WriteLine($"replay: darkbloom sim run {plan.Scenario}{settings} --first-seed {seed} --seeds 1");
        }

        terminal.Out.WriteLine(
            plan.Out is { } directory ? $"Wrote {Path.GetFullPath(directory)}." : $"Next: darkbloom sim run {plan.Scenario} --seeds 5 --out results");
    }

    private static void ShowDifference(FleetReport before, FleetReport after, bool json, Terminal terminal)
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
            table.Add(
                name, Number(before.EstimateOf(name).Mean), Number(after.EstimateOf(name).Mean), Number(difference.Mean), half is { } shown ? "± " + Number(shown) : "");
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

    private static string Number(double value) => value.ToString(Math.Abs(value) >= 1000 ? "F0" : "G4", CultureInfo.InvariantCulture);

    private static Argument<string> ScenarioArgument() => new("scenario") { Description = "a name of `darkbloom sim list`, or a file" };

    private sealed class RunOptions
    {
        private readonly Argument<string> _scenario = ScenarioArgument();
        private readonly Option<int> _seeds = new("--seeds") { Description = "how many seeds", DefaultValueFactory = static _ => 3, HelpName = "count" };
        private readonly Option<ulong> _firstSeed = new("--first-seed") { Description = "the first seed", DefaultValueFactory = static _ => 1, HelpName = "seed" };
        private readonly Option<int> _jobs = new("--jobs") { Description = "seeds that run at once", DefaultValueFactory = static _ => Environment.ProcessorCount, HelpName = "count" };
        private readonly Option<string[]> _set = new("--set") { Description = "replace one value of the scenario", HelpName = "path=value" };
        private readonly Option<string?> _out = new("--out") { Description = "a directory for report.html, summary.json, requests.csv, series.csv and violations.jsonl", HelpName = "directory" };

        public RunOptions(Verb verb)
        {
            verb.Add(_scenario);
            verb.Add(_seeds);
            verb.Add(_firstSeed);
            verb.Add(_jobs);
            verb.Add(_set);
            verb.Add(_out);
            verb.Add(Json);
        }

        public Option<bool> Json { get; } = SettingOptions.CreateJsonOption();

        public SimPlan Read(ParseResult parsed)
        {
            SimPlan plan = new()
            {
                Scenario = parsed.GetValue(_scenario)!,
                Seeds = parsed.GetValue(_seeds),
                FirstSeed = parsed.GetValue(_firstSeed),
                Jobs = parsed.GetValue(_jobs),
                Settings = [.. parsed.GetValue(_set) ?? []],
                Out = parsed.GetValue(_out),
            };
            return plan.Seeds is < 1 or > SeedsMax ? throw new SettingException($"--seeds: {plan.Seeds} is not within 1 to {SeedsMax}.")
                : plan.Jobs < 1 ? throw new SettingException("--jobs: at least 1.")
                : plan;
        }
    }
}
