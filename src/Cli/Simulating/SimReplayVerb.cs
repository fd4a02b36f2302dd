using System.CommandLine;
using System.Linq;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;
using Darkbloom.Cli.Verbs;
using Darkbloom.Simulations.Fleet;

namespace Darkbloom.Cli.Simulating;

/// <summary><c>darkbloom sim replay</c>: a seed of written results once more, and whether it gives the same.</summary>
internal static class SimReplayVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("replay", "Run a seed of written results again: 0 if all that happened is the same, 1 if not, 3 if it broke an invariant.")
        {
            Examples =
            [
                new("darkbloom sim replay results", "the first seed that broke an invariant, else the first"),
                new("darkbloom sim replay results/violations.jsonl --seed 3", "this one"),
            ],
        };
        Argument<string> results = new("results") { Description = "a folder that `darkbloom sim run --out` wrote, or a file in it" };
        Option<ulong?> seed = new("--seed") { Description = "which seed", HelpName = "seed" };
        verb.Add(results);
        verb.Add(seed);
        verb.SetAction(async (parsed, _) =>
        {
            FleetSummary summary = SimFiles.ReadSummary(parsed.GetValue(results)!);
            ulong wanted = parsed.GetValue(seed) ?? SimFiles.ReadReport(parsed.GetValue(results)!).ReplaySeed ?? summary.Seeds[0].Seed;
            FleetSummarySeed recorded = summary.Seeds.FirstOrDefault(run => run.Seed == wanted)
                ?? throw new SettingException($"--seed: there is no {wanted}; there are {string.Join(", ", summary.Seeds.Select(static run => run.Seed))}.");
            return (int)await RunAsync(summary, recorded, terminal);
        });
        return verb;
    }

    private static async Task<ExitCode> RunAsync(FleetSummary summary, FleetSummarySeed recorded, Terminal terminal)
    {
        using StopSignals signals = StopSignals.Listen();
        FleetScenario scenario = SimPlan.WithTrace(summary.Scenario);
        FleetResult? result = (await new SimRun(terminal, 1).RunAsync([new SimJob(scenario, recorded.Seed)], signals.Token))[0];
        if (result is not { IsWhole: true })
        {
            return ExitCode.Interrupted;
        }

        bool same = result.Hash == recorded.Hash;
        await terminal.Out.WriteLineAsync($"{scenario.Name}, seed {recorded.Seed}: {result.Requests.Length} requests, {result.Violations.Length} violations");
        await terminal.Out.WriteLineAsync($"recorded {recorded.Hash}");
        await terminal.Out.WriteLineAsync($"replayed {result.Hash}{(same ? ", the same" : "")}");
        foreach (FleetViolation violation in result.Violations)
        {
            await terminal.Out.WriteLineAsync($"invariant broken: request {violation.Request}: {violation.What}");
        }

        if (!same)
        {
            await terminal.Error.WriteLineAsync(summary.IsInterrupted
                ? "It differs: the recorded run was interrupted."
                : summary.Revision == SimFiles.Revision
                    ? "It differs, and the program is the same: something undetermined crept in."
                    : $"It differs: it was recorded by {summary.Revision}, this is {SimFiles.Revision}.");
        }

        return result.Violations.Length > 0 ? ExitCode.InvariantBroken : same ? ExitCode.Success : ExitCode.Failure;
    }
}
