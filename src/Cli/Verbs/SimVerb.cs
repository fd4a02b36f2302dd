using System.CommandLine;
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
                new("darkbloom sim sweep hello --param fleet.macs=50,100,200 --seeds 5", "a table over the values of one setting or several"),
                new("darkbloom sim check --random 20", "every scenario and twenty random ones: do the invariants hold?"),
            ],
        };
        Option<bool> json = SettingOptions.CreateJsonOption();
        verb.Add(json);
        verb.SetAction((parsed, _) => RunAsync(new SimPlan { Scenario = First, Seeds = 1 }, parsed.GetValue(json), teaches: true, terminal));
        verb.Add(CreateList(terminal));
        verb.Add(CreateDescribe(terminal));
        verb.Add(CreateRun(terminal));
        verb.Add(CreateCompare(terminal));
        verb.Add(SimSweepVerb.Create(terminal));
        verb.Add(SimCheckVerb.Create(terminal));
        verb.Add(SimReplayVerb.Create(terminal));
        verb.Add(SimMinimizeVerb.Create(terminal));
        verb.Add(CreateReport(terminal));
        verb.Add(SimImportVerb.Create(terminal));
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
        Argument<string> scenario = SimOptions.ScenarioArgument();
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
        SimOptions options = new(verb, "report.html, summary.json, requests.csv, series.csv and violations.jsonl");
        verb.SetAction((parsed, _) => RunAsync(options.Read(parsed), parsed.GetValue(options.Json), teaches: false, terminal));
        return verb;
    }

    private static Verb CreateCompare(Terminal terminal)
    {
        Verb verb = new("compare", "Run a scenario as it is and with other settings, with the same seeds; shows the paired differences.")
        {
            Examples = [new("darkbloom sim compare idle-desktops --set owners.gracefulShare=0 --seeds 5", "what goodbyes are worth")],
        };
        SimOptions options = new(verb, "nothing: a comparison is shown");
        verb.SetAction(async (parsed, _) =>
        {
            SimPlan changed = options.Read(parsed);
            if (changed.Settings.Count == 0)
            {
                throw new SettingException("compare needs at least one --set, as in --set fleet.macs=500.");
            }

            using StopSignals signals = StopSignals.Listen();
            SimRun run = new(terminal, changed.Jobs);
            FleetScenario before = (changed with { Settings = [] }).Read(), after = changed.Read();
            FleetResult?[] results = await run.RunAsync([.. changed.JobsOf(before), .. changed.JobsOf(after)], signals.Token);
            signals.Token.ThrowIfCancellationRequested();
            FleetReport[] reports = [new(before, [.. results[..changed.Seeds]!]), new(after, [.. results[changed.Seeds..]!])];
            SimScreens.ShowDifference(reports[0], reports[1], parsed.GetValue(options.Json), terminal);
            return (int)(reports.Any(static report => report.Violations > 0) ? ExitCode.InvariantBroken : ExitCode.Success);
        });
        return verb;
    }

    private static Verb CreateReport(Terminal terminal)
    {
        Verb verb = new("report", "Write report.html anew from the other files of a results folder.")
        {
            Examples = [new("darkbloom sim report results", "writes results/report.html")],
        };
        Argument<string> results = new("results") { Description = "a folder that `darkbloom sim run --out` wrote" };
        verb.Add(results);
        verb.SetAction(parsed =>
        {
            string path = parsed.GetValue(results)!, revision = SimFiles.ReadSummary(path).Revision;
            FleetReport report = SimFiles.ReadReport(path);
            SimFiles.Write(SimFiles.DirectoryOf(path), (SimFiles.Page, writer => report.WritePage(writer, revision)));
            terminal.Out.WriteLine($"Wrote {Path.GetFullPath(Path.Combine(SimFiles.DirectoryOf(path), SimFiles.Page))}.");
        });
        return verb;
    }

    private static async Task<int> RunAsync(SimPlan plan, bool json, bool teaches, Terminal terminal)
    {
        FleetScenario scenario = plan.Read();
        using StopSignals signals = StopSignals.Listen();
        FleetResult?[] results = await new SimRun(terminal, plan.Jobs).RunAsync(plan.JobsOf(scenario), signals.Token);
        FleetResult[] ran = [.. results.OfType<FleetResult>()];
        if (ran.Length == 0)
        {
            return (int)ExitCode.Interrupted;
        }

        FleetReport report = new(scenario, ran, interrupted: ran.Length < results.Length);
        if (json)
        {
            await terminal.Out.WriteLineAsync(report.ToJson(SimFiles.Revision).ToJsonString());
        }
        else
        {
            SimScreens.Show(report, terminal);
            SimScreens.ShowReplay(report, plan, terminal);
        }

        // Shown first: if the disk is full, the person has at least seen the figures.
        if (plan.Out is { } directory)
        {
            SimFiles.Write(directory, report);
        }

        if (report.IsInterrupted)
        {
            SimScreens.ShowInterruption(report, plan.Seeds, plan.Out, terminal);
        }
        else if (!json && teaches)
        {
            SimScreens.Teach(report, terminal);
        }
        else if (!json)
        {
            await terminal.Out.WriteLineAsync(
                plan.Out is { } written ? $"Wrote {Path.GetFullPath(written)}." : $"Next: darkbloom sim run {plan.Scenario} --seeds 5 --out results");
        }

        return (int)SimScreens.CodeOf(report);
    }
}
