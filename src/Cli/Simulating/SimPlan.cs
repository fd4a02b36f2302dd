using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Darkbloom.Cli.Settings;
using Darkbloom.Simulations.Fleet;

namespace Darkbloom.Cli.Simulating;

/// <summary>What a person asked the simulator to run.</summary>
internal sealed record SimPlan
{
    /// <summary>A name, or the path of a file.</summary>
    public required string Scenario { get; init; }

    public int Seeds { get; init; } = 3;

    public ulong FirstSeed { get; init; } = 1;

    public int Jobs { get; init; } = 1;

    public IReadOnlyList<string> Settings { get; init; } = [];

    public string? Out { get; init; }

    /// <summary>Larger scenario files are not read.</summary>
    private const long FileBytesMax = 1024 * 1024;

    /// <summary>The text of a scenario that comes with the simulator, or of a file.</summary>
    /// <exception cref="SettingException">There is neither.</exception>
    public static string TextOf(string scenario)
    {
        if (ScenarioFile.Text(scenario) is { } text)
        {
            return text;
        }

        FileInfo file = new(scenario);
        return !file.Exists ? throw new SettingException($"There is no scenario and no file {scenario}; `darkbloom sim list` shows the scenarios.")
            : file.Length > FileBytesMax ? throw new SettingException($"{scenario} has {file.Length} bytes; a scenario has at most {FileBytesMax}.")
            : File.ReadAllText(scenario);
    }

    /// <summary>The scenario with each of the seeds.</summary>
    public IReadOnlyList<SimJob> JobsOf(FleetScenario scenario) =>
        [.. Enumerable.Range(0, Seeds).Select(index => new SimJob(scenario, FirstSeed + (ulong)index))];

    /// <summary>A scenario with the trace that it names, which lies where the person is.</summary>
    /// <exception cref="SettingException">The trace can't be read.</exception>
    public static FleetScenario WithTrace(FleetScenario scenario) => scenario.Demand.Trace is { } path
        ? scenario with { Demand = scenario.Demand with { Requests = TraceFile.Load(path, TraceFile.RequestsPerSecond) } }
        : scenario;

    /// <exception cref="SettingException">The scenario or a setting is wrong.</exception>
    public FleetScenario Read()
    {
        try
        {
            FleetScenario scenario = ScenarioFile.Read(TextOf(Scenario), Settings);
            return scenario.Demand.Trace is { } trace
                ? WithTrace(scenario with { Demand = scenario.Demand with { Trace = Locate(trace) } })
                : scenario;
        }
        catch (FormatException e)
        {
            throw new SettingException($"{Scenario}: {e.Message}");
        }
    }

    /// <summary>A trace that a scenario names lies beside the scenario's file, or where the person is.</summary>
    private string Locate(string trace)
    {
        string beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(Scenario))!, trace);
        return File.Exists(beside) ? Path.GetRelativePath(Environment.CurrentDirectory, beside) : trace;
    }
}
