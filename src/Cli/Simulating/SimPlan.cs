using System;
using System.Collections.Generic;
using System.IO;
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

    /// <exception cref="SettingException">The scenario or a setting is wrong.</exception>
    public FleetScenario Read()
    {
        try
        {
            return ScenarioFile.Read(TextOf(Scenario), Settings);
        }
        catch (FormatException e)
        {
            throw new SettingException($"{Scenario}: {e.Message}");
        }
    }
}
