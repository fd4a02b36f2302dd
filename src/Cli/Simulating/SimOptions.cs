using System;
using System.CommandLine;
using Darkbloom.Cli.Settings;
using Darkbloom.Cli.Verbs;

namespace Darkbloom.Cli.Simulating;

/// <summary>What verbs that run a scenario have in common on the command line.</summary>
internal sealed class SimOptions
{
    private const int SeedsMax = 1000;

    private readonly Argument<string> _scenario = ScenarioArgument();
    private readonly Option<int> _seeds = new("--seeds") { Description = "how many seeds", DefaultValueFactory = static _ => 3, HelpName = "count" };
    private readonly Option<ulong> _firstSeed = new("--first-seed") { Description = "the first seed", DefaultValueFactory = static _ => 1, HelpName = "seed" };
    private readonly Option<int> _jobs = CreateJobs();
    private readonly Option<string[]> _set = new("--set") { Description = "replace one value of the scenario", HelpName = "path=value" };
    private readonly Option<string?> _out;

    /// <param name="files">What <c>--out</c> gets.</param>
    public SimOptions(Verb verb, string files)
    {
        _out = new Option<string?>("--out") { Description = $"a directory for {files}", HelpName = "directory" };
        verb.Add(_scenario);
        verb.Add(_seeds);
        verb.Add(_firstSeed);
        verb.Add(_jobs);
        verb.Add(_set);
        verb.Add(_out);
        verb.Add(Json);
    }

    public Option<bool> Json { get; } = SettingOptions.CreateJsonOption();

    public static Argument<string> ScenarioArgument() => new("scenario") { Description = "a name of `darkbloom sim list`, or a file" };

    public static Option<int> CreateJobs() =>
        new("--jobs") { Description = "seeds that run at once", DefaultValueFactory = static _ => Environment.ProcessorCount, HelpName = "count" };

    public static int Checked(string name, int value, int max) =>
        value >= 1 && value <= max ? value : throw new SettingException($"{name}: {value} is not within 1 to {max}.");

    /// <exception cref="SettingException">A number is out of its range.</exception>
    public SimPlan Read(ParseResult parsed) => new()
    {
        Scenario = parsed.GetValue(_scenario)!,
        Seeds = Checked("--seeds", parsed.GetValue(_seeds), SeedsMax),
        FirstSeed = parsed.GetValue(_firstSeed),
        Jobs = Checked("--jobs", parsed.GetValue(_jobs), SeedsMax),
        Settings = [.. parsed.GetValue(_set) ?? []],
        Out = parsed.GetValue(_out),
    };
}
