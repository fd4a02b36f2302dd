using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;
using Darkbloom.Cli.Verbs;
using Darkbloom.Simulations.Fleet;
using Spectre.Console;

namespace Darkbloom.Cli.Simulating;

/// <summary><c>darkbloom sim check</c>: do the invariants hold and the expectations come true, in many scenarios at once?</summary>
internal static class SimCheckVerb
{
    private const int RandomMax = 100_000;

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("check", "Check invariants and expectations: of all scenarios, of some, or of random ones; 1 if an expectation was missed, 3 if an invariant broke.")
        {
            Examples =
            [
                new("darkbloom sim check", "every scenario that comes with the simulator"),
                new("darkbloom sim check mine.json --seeds 10", "a file of one's own"),
                new("darkbloom sim check --random 200", "two hundred random small scenarios"),
            ],
        };
        Argument<string[]> scenarios = new("scenario") { Description = "names of `darkbloom sim list`, or files", Arity = ArgumentArity.ZeroOrMore };
        Option<int> seeds = new("--seeds") { Description = "how many seeds of each", DefaultValueFactory = static _ => 1, HelpName = "count" };
        Option<int> random = new("--random") { Description = "random scenarios to check as well", HelpName = "count" };
        Option<ulong> first = new("--first-random") { Description = "the number of the first of them", DefaultValueFactory = static _ => 1, HelpName = "number" };
        Option<int> jobs = SimOptions.CreateJobs();
        Option<bool> json = SettingOptions.CreateJsonOption();
        verb.Add(scenarios);
        verb.Add(seeds);
        verb.Add(random);
        verb.Add(first);
        verb.Add(jobs);
        verb.Add(json);
        verb.SetAction(async (parsed, _) =>
        {
            int count = parsed.GetValue(random) is var wanted and >= 0 and <= RandomMax ? wanted : throw new SettingException($"--random: at most {RandomMax}.");
            string[] named = parsed.GetValue(scenarios) ?? [];
            named = named.Length == 0 && count == 0 ? [.. ScenarioFile.Known] : named;
            List<FleetScenario> all = [.. named.Select(static name => new SimPlan { Scenario = name }.Read())];
            all.AddRange(Enumerable.Range(0, count).Select(index => RandomScenario.Of(parsed.GetValue(first) + (ulong)index)));
            SimPlan plan = new() { Scenario = "", Seeds = SimOptions.Checked("--seeds", parsed.GetValue(seeds), RandomMax), Jobs = SimOptions.Checked("--jobs", parsed.GetValue(jobs), RandomMax) };
            return (int)await RunAsync(all, plan, parsed.GetValue(json), terminal);
        });
        return verb;
    }

    private static async Task<ExitCode> RunAsync(List<FleetScenario> scenarios, SimPlan plan, bool json, Terminal terminal)
    {
        using StopSignals signals = StopSignals.Listen();
        FleetResult?[] results = await new SimRun(terminal, plan.Jobs).RunAsync([.. scenarios.SelectMany(plan.JobsOf)], signals.Token);
        List<FleetReport> reports = [];
        for (int i = 0; i < scenarios.Count; i++)
        {
            FleetResult[] ran = [.. results[(i * plan.Seeds)..((i + 1) * plan.Seeds)].OfType<FleetResult>()];
            if (ran.Length > 0)
            {
                reports.Add(new FleetReport(scenarios[i], ran, interrupted: ran.Length < plan.Seeds));
            }
        }

        if (json)
        {
            await terminal.Out.WriteLineAsync(new JsonArray([.. reports.Select(ToJson)]).ToJsonString());
        }
        else
        {
            Show(reports, terminal);
        }

        return reports.Any(static report => report.Violations > 0) ? ExitCode.InvariantBroken
            : signals.Token.IsCancellationRequested ? ExitCode.Interrupted
            : reports.Any(static report => report.Misses.Count > 0) ? ExitCode.Failure
            : ExitCode.Success;
    }

    private static JsonNode ToJson(FleetReport report) => new JsonObject
    {
        ["scenario"] = report.Scenario.Name,
        ["seeds"] = report.Seeds.Length,
        ["interrupted"] = report.IsInterrupted,
        ["violations"] = new JsonArray([.. report.FirstViolations.Select(static violation => (JsonNode)violation)]),
        ["missed"] = new JsonArray([.. report.Misses.Select(static miss => (JsonNode)miss)]),
    };

    private static void Show(List<FleetReport> reports, Terminal terminal)
    {
        Table table = Tables.Create("scenario", "seeds", "requests", "invariants", "expectations");
        foreach (FleetReport report in reports)
        {
            table.Add(
                report.Scenario.Name,
                $"{report.WholeSeeds}",
                SimScreens.Number(report.EstimateOf("requests").Mean),
                report.Violations == 0 ? "hold" : $"{report.Violations} broken",
                report.IsInterrupted ? "interrupted" : report.Misses.Count == 0 ? $"{report.Scenario.Expect.Length} kept" : $"{report.Misses.Count} missed");
        }

        terminal.OutConsole().Write(table);
        foreach (FleetReport report in reports)
        {
            SimScreens.ShowVerdict(report, terminal);
            if (report.ReplaySeed is { } seed)
            {
                terminal.Out.WriteLine($"replay: darkbloom sim run {report.Scenario.Name} --first-seed {seed} --seeds 1");
            }
        }
    }
}
