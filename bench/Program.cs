using System;
using System.Collections.Generic;
using System.IO;
using System.Threading.Tasks;
using BenchmarkDotNet.Running;
using Darkbloom.Bench.Failover;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Micro;

namespace Darkbloom.Bench;

/// <summary>
/// <c>goals [--only group] [--json file]</c> measures what the project promises, <c>failover</c> takes nodes away in
/// mid-answer (see <see cref="FailoverOptions"/>); both fail where a goal is missed. <c>packets</c> tells what one packet
/// costs a connection. Anything else goes to BenchmarkDotNet, for instance <c>--filter '*'</c>.
/// </summary>
internal static class Program
{
    private const int ExitMissed = 1;
    private const int ExitUsage = 64; // EX_USAGE of sysexits.h

    private static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["goals", .. string[] options]:
                return TryRead(options, out string? group, out string? file)
                    ? Report(await GoalRun.MeasureAsync(group, Console.Error), file ?? Path.Combine("artifacts", "bench", "goals.json"))
                    : Usage($"goals [--only {string.Join('|', GoalRun.Groups)}] [--json file]");
            case ["failover", .. string[] options]:
                return FailoverOptions.TryRead(options) is { } failover
                    ? Report(await FailoverRun.MeasureAsync(failover, Console.Error), failover.Json)
                    : Usage(FailoverOptions.Synopsis);
            case ["packets"]:
                PacketCost.Print(Console.Out);
                return 0;
            default:
                BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
                return 0;
        }
    }

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

    private static bool TryRead(ReadOnlySpan<string> options, out string? group, out string? file)
    {
        (group, file) = (null, null);
        while (options is [{ } name, { } given, ..])
        {
            if (name == "--only" && GoalRun.Groups.Contains(given))
            {
                group = given;
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
