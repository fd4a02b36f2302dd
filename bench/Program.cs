using System;
using System.IO;
using System.Threading.Tasks;
using BenchmarkDotNet.Running;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Micro;

namespace Darkbloom.Bench;

/// <summary>
/// <c>goals [--only group] [--json file]</c> measures what the project promises and fails where a goal is missed;
/// <c>packets</c> tells what one packet costs a connection; anything else goes to BenchmarkDotNet, for instance
/// <c>--filter '*'</c>.
/// </summary>
internal static class Program
{
    private const int ExitMissed = 1;
    private const int ExitUsage = 64; // EX_USAGE of sysexits.h

    private static async Task<int> Main(string[] args)
    {
        if (args is ["packets"])
        {
            PacketCost.Print(Console.Out);
            return 0;
        }

        if (args is not ["goals", ..])
        {
            BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
            return 0;
        }

        if (!TryRead(args.AsSpan(1), out string? group, out string path))
        {
            await Console.Error.WriteLineAsync($"usage: goals [--only {string.Join('|', GoalRun.Groups)}] [--json file]");
            return ExitUsage;
        }

        GoalReport report = GoalReport.Of(await GoalRun.MeasureAsync(group, Console.Error));
        report.Print(Console.Out);
        report.Save(path);
        await Console.Out.WriteLineAsync($"\nwritten to {path}");
        return report.IsMet ? 0 : ExitMissed;
    }

    private static bool TryRead(ReadOnlySpan<string> options, out string? group, out string path)
    {
        (group, path) = (null, Path.Combine("artifacts", "bench", "goals.json"));
        while (options is [{ } name, { } value, ..])
        {
            switch (name)
            {
                case "--only" when GoalRun.Groups.Contains(value):
                    group = value;
                    break;
                case "--json":
                    path = value;
                    break;
                default:
                    return false;
            }

            options = options[2..];
        }

        return options.IsEmpty;
    }
}
