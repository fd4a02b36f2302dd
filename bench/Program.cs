using System;
using System.IO;
using System.Threading.Tasks;
using BenchmarkDotNet.Running;
using Darkbloom.Bench.Goals;

namespace Darkbloom.Bench;

/// <summary>
/// <c>goals [--json file]</c> measures what the project promises and fails where a goal is missed; anything else goes to
/// BenchmarkDotNet, for instance <c>--filter '*'</c>.
/// </summary>
internal static class Program
{
    private const int ExitMissed = 1;

    private static async Task<int> Main(string[] args)
    {
        if (args is not ["goals", ..])
        {
            BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
            return 0;
        }

        string path = args is ["goals", "--json", { } file] ? file : Path.Combine("artifacts", "bench", "goals.json");
        GoalReport report = GoalReport.Of(await GoalRun.MeasureAsync(Console.Error));
        report.Print(Console.Out);
        report.Save(path);
        await Console.Out.WriteLineAsync($"\nwritten to {path}");
        return report.IsMet ? 0 : ExitMissed;
    }
}
