using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Threading.Tasks;
using BenchmarkDotNet.Running;
using Darkbloom.Bench.Failover;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Micro;

namespace Darkbloom.Bench;

/// <summary>
/// <c>goals [--only group] [--json file]</c> measures what the project promises, <c>failover [--kills count]
/// [--json file]</c> kills nodes in mid-answer; both fail where a goal is missed. <c>packets</c> tells what one packet
/// costs a connection. Anything else goes to BenchmarkDotNet, for instance <c>--filter '*'</c>.
/// </summary>
internal static class Program
{
    private const int ExitMissed = 1;
    private const int ExitUsage = 64; // EX_USAGE of sysexits.h
    private const int KillsMax = 10_000;

    private static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["goals", .. string[] options]:
                return TryRead(options, "--only", GoalRun.Groups.Contains, out string? group, out string? file)
                    ? Report(await GoalRun.MeasureAsync(group, Console.Error), file ?? InArtifacts("goals.json"))
                    : Usage($"goals [--only {string.Join('|', GoalRun.Groups)}] [--json file]");
            case ["failover", .. string[] options]:
                return TryRead(options, "--kills", static count => Kills(count) is not null, out string? kills, out file)
                    ? Report(await FailoverRun.MeasureAsync(Kills(kills) ?? FailoverRun.KillsDefault, Console.Error), file ?? InArtifacts("failover.json"))
                    : Usage($"failover [--kills 1..{KillsMax}] [--json file]");
            case ["packets"]:
                PacketCost.Print(Console.Out);
                return 0;
            default:
                BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
                return 0;
        }
    }

    private static int? Kills(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int kills) && kills is > 0 and <= KillsMax ? kills : null;

    private static string InArtifacts(string name) => Path.Combine("artifacts", "bench", name);

    private static int Usage(string synopsis)
    {
        Console.Error.WriteLine($"usage: {synopsis}");
        return ExitUsage;
    }

    private static int Report(IReadOnlyList<Goal> goals, string path)
    {
        GoalReport report = GoalReport.Of(goals);
        report.Print(Console.Out);
        report.Save(path);
        Console.Out.WriteLine($"\nwritten to {path}");
        return report.IsMet ? 0 : ExitMissed;
    }

    /// <summary>Reads one option of the verb's own, and where the figures go.</summary>
    private static bool TryRead(
        ReadOnlySpan<string> options, string own, Predicate<string> isValid, out string? value, out string? file)
    {
        (value, file) = (null, null);
        while (options is [{ } name, { } given, ..])
        {
            if (name == own && isValid(given))
            {
                value = given;
            }
            else if (name == "--json")
            {
                file = given;
            }
            else
            {
                return false;
            }

            options = options[2..];
        }

        return options.IsEmpty;
    }
}
