using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.Bench.Transport.Rows;

namespace Darkbloom.Bench.Transport;

/// <summary>The table of what the transport promises; <see cref="Options.Help"/> says how to run it.</summary>
internal static class Program
{
    private const int ExitMissed = 1;
    private const int ExitUsage = 2;

    private static async Task<int> Main(string[] args)
    {
        if (args is ["agent"])
        {
            using Agent agent = new(Console.In, Console.Out);
            await agent.RunAsync();
            return 0;
        }
        Options options;
        try
        {
            options = Options.Parse(args);
        }
        catch (ArgumentException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return ExitUsage;
        }
        return await RunAsync(options);
    }

    private static async Task<int> RunAsync(Options options)
    {
        if (options.WantsHelp)
        {
            await Console.Out.WriteLineAsync(Options.Help);
            return 0;
        }
        Row[] rows = [.. Row.All.Where(row => options.Filters.Length == 0 || options.Filters.Any(name => row.Name.Contains(name, StringComparison.Ordinal)))];
        if (rows.Length == 0)
        {
            await Console.Error.WriteLineAsync("No row has such a name; --list shows them.");
            return ExitUsage;
        }
        if (options.OnlyLists)
        {
            await Console.Out.WriteLineAsync(string.Join('\n', rows.Select(row => $"{row.Name,-20} {row.Title}")));
            return 0;
        }
        GoalReport report = GoalReport.Of(await MeasureAsync(rows, options));
        report.Print(Console.Out);
        report.Save(options.JsonPath);
        await Console.Out.WriteLineAsync($"\nwritten to {options.JsonPath}");
        return report.IsMet ? 0 : ExitMissed;
    }

    private static async Task<List<Goal>> MeasureAsync(Row[] rows, Options options)
    {
        await using Lab lab = new(options, Console.Error);
        List<Goal> goals = [];
        foreach (Row row in rows)
        {
            await lab.SayAsync($"{row.Name}: {row.Title}");
            try
            {
                goals.AddRange(await row.MeasureAsync(lab));
            }
            catch (Exception e)
            {
                await lab.SayAsync($"{row.Name} was not measured: {e.Message}");
                goals.Add(new Goal(row.Title, double.NaN, "", Bound.AtLeast(0), $"not measured: {e.Message}"));
                await lab.RestartAsync();
            }
        }
        return goals;
    }
}
