using System;
using System.IO;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Xunit;

namespace Darkbloom.Cli.Tests.Verbs;

public sealed class SimTests : IDisposable
{
    private const string Small = "fleet.macs=20";

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Without_a_scenario_it_gives_a_first_look()
    {
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.RunAsync("sim"));
        Assert.Contains("completedShare", terminal.Output, StringComparison.Ordinal);
        Assert.Contains("Next: ", terminal.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_runs_write_the_same_bytes()
    {
        string first = await RunIntoAsync("first"), second = await RunIntoAsync("second");
        foreach (string file in new[] { "summary.json", "requests.csv", "series.csv", "violations.jsonl", "report.html" })
        {
            Assert.Equal(await File.ReadAllTextAsync(Path.Combine(first, file)), await File.ReadAllTextAsync(Path.Combine(second, file)));
        }
    }

    [Fact]
    public async Task A_summary_says_what_it_was_made_from()
    {
        JsonNode summary = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(await RunIntoAsync("out"), "summary.json")))!;
        Assert.Equal("decisions", (string?)summary["fidelity"]);
        Assert.Equal(20, (int?)summary["scenario"]!["fleet"]!["macs"]);
        Assert.Equal([1, 2], [.. Array.ConvertAll([.. summary["seeds"]!.AsArray()], static seed => (int)seed!)]);
        Assert.Equal(2, summary["metrics"]!["completedShare"]!["ci95"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_missed_expectation_is_said_and_fails()
    {
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Failure, await terminal.RunAsync("sim", "run", "hello", "--seeds", "1", "--set", Small, "--set", "demand.requestsPerSecond=20"));
        Assert.Contains("missed: completedShare is ", terminal.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run", "nowhere")]
    [InlineData("run", "hello", "--set", "fleet.colour=7")]
    [InlineData("run", "hello", "--set", "fleet.macs=0")]
    [InlineData("run", "hello", "--seeds", "0")]
    [InlineData("run", "hello", "--seeds", "1001")]
    [InlineData("run", "hello", "--jobs", "0")]
    [InlineData("compare", "hello")]
    [InlineData("describe", "nowhere")]
    public async Task What_cannot_be_run_is_a_mistake_in_one_line(params string[] arguments)
    {
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Usage, await terminal.RunAsync(["sim", .. arguments]));
        Assert.Single(terminal.Error.Trim().Split('\n'));
        Assert.Empty(terminal.Output);
    }

    [Fact]
    public async Task A_described_scenario_runs_as_a_file()
    {
        TestTerminal describing = new();
        Assert.Equal(ExitCode.Success, await describing.RunAsync("sim", "describe", "lid-close"));
        string file = Path.Combine(_directory.FullPath, "mine.json");
        await File.WriteAllTextAsync(file, describing.Output);
        TestTerminal running = new();
        Assert.Equal(ExitCode.Success, await running.RunAsync("sim", "run", file, "--seeds", "1", "--set", "minutes=6", "--set", "expect=[]", "--json"));
        Assert.Equal(0, (int?)JsonNode.Parse(running.Output)!["violations"]);
    }

    [Fact]
    public async Task A_comparison_pairs_the_seeds()
    {
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.RunAsync(
            "sim", "compare", "hello", "--set", "network.rttMsMedian=400", "--set", "network.rttMsP99=400", "--seeds", "2", "--json"));
        JsonNode first = JsonNode.Parse(terminal.Output)!["firstTokenS.p50"]!;
        Assert.True((double)first["difference"]! > 0);
        Assert.Equal((double)first["after"]! - (double)first["before"]!, (double)first["difference"]!, 1e-9);
    }

    private async Task<string> RunIntoAsync(string name)
    {
        string directory = Path.Combine(_directory.FullPath, name);
        Assert.Equal(ExitCode.Success, await new TestTerminal().RunAsync("sim", "run", "hello", "--seeds", "2", "--set", Small, "--set", "demand.requestsPerSecond=0.5", "--out", directory));
        return directory;
    }
}
