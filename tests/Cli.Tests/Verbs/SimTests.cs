using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Simulating;
using Darkbloom.Simulations.Fleet;
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
        Assert.Contains("200 simulated Macs answered 100", terminal.Output, StringComparison.Ordinal);
        Assert.Contains("darkbloom sim list", terminal.Output, StringComparison.Ordinal);
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
    [InlineData("sweep", "hello", "--param", "fleet.macs")]
    [InlineData("sweep", "hello", "--param", "fleet.macs=0,1")]
    [InlineData("sweep", "hello", "--param", "fleet.macs=1,2", "--metric", "joy")]
    [InlineData("check", "nowhere")]
    [InlineData("check", "--random", "-1")]
    [InlineData("replay", "nowhere")]
    [InlineData("report", "nowhere")]
    [InlineData("minimize", "hello", "--tries", "0")]
    [InlineData("import", "nowhere")]
    [InlineData("run", "hello", "--set", "demand.trace=nowhere.csv")]
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

    [Fact]
    public async Task A_sweep_writes_a_line_for_each_combination_and_metric()
    {
        TestTerminal terminal = new();
        string directory = Path.Combine(_directory.FullPath, "sweep");
        Assert.Equal(ExitCode.Success, await terminal.RunAsync(
            "sim", "sweep", "hello", "--param", "fleet.macs=10,20", "--param", "fleet.slots=2,4", "--set", "minutes=1", "--set", "demand.requestsPerSecond=0.5",
            "--seeds", "2", "--metric", "completedShare", "--out", directory));
        string[] lines = await File.ReadAllLinesAsync(Path.Combine(directory, "sweep.csv"));
        Assert.StartsWith("fleet.macs,fleet.slots,metric,seeds,mean,", lines[0], StringComparison.Ordinal);
        Assert.Equal(1 + (4 * FleetMetrics.Names.Length), lines.Length);
        Assert.Contains(lines, static line => line.StartsWith("20,4,completedShare,2,1,", StringComparison.Ordinal));
        Assert.Equal(4, JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(directory, "sweep.json")))!.AsArray().Count);
    }

    [Fact]
    public async Task A_check_tells_kept_from_missed()
    {
        string strict = _directory.Write("strict.json", """{ "name": "strict", "about": "Too much to ask.", "minutes": 1, "fleet": { "macs": 5 }, "demand": { "requestsPerSecond": 0.2 }, "expect": [ { "metric": "firstTokenS.p50", "atMost": 0.001 } ] }""");
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Failure, await terminal.RunAsync("sim", "check", strict, "--random", "3"));
        Assert.Contains("1 missed", terminal.Output, StringComparison.Ordinal);
        Assert.Contains("random-3", terminal.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, await new TestTerminal().RunAsync("sim", "check", "--random", "3"));
    }

    [Fact]
    public async Task A_replay_gives_the_recorded_hash_and_notices_another()
    {
        string directory = await RunIntoAsync("replayed");
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.RunAsync("sim", "replay", directory, "--seed", "2"));
        Assert.Contains("the same", terminal.Output, StringComparison.Ordinal);

        string summary = Path.Combine(directory, "summary.json");
        await File.WriteAllTextAsync(summary, (await File.ReadAllTextAsync(summary)).Replace("\"rttMsMedian\": 40", "\"rttMsMedian\": 41", StringComparison.Ordinal));
        Assert.Equal(ExitCode.Failure, await new TestTerminal().RunAsync("sim", "replay", Path.Combine(directory, "violations.jsonl")));
        Assert.Equal(ExitCode.Usage, await new TestTerminal().RunAsync("sim", "replay", directory, "--seed", "9"));
    }

    [Fact]
    public async Task A_report_is_made_anew_as_it_was()
    {
        string page = Path.Combine(await RunIntoAsync("reported"), "report.html"), written = await File.ReadAllTextAsync(page);
        File.Delete(page);
        Assert.Equal(ExitCode.Success, await new TestTerminal().RunAsync("sim", "report", Path.GetDirectoryName(page)!));
        Assert.Equal(written, await File.ReadAllTextAsync(page));
    }

    [Theory]
    [InlineData("summary.json", "{")]
    [InlineData("summary.json", "[]")]
    [InlineData("summary.json", "{\"schema\":1}")]
    [InlineData("summary.json", "{\"schema\":0}")]
    [InlineData("requests.csv", "seed,id")]
    [InlineData("requests.csv", null)]
    [InlineData("series.csv", "seed,at_s,alive,in_flight,submitted,ended\n1,2")]
    [InlineData("violations.jsonl", "{}")]
    public async Task A_damaged_results_folder_is_a_mistake_in_one_line(string file, string? text)
    {
        string directory = await RunIntoAsync("damaged");
        string damaged = Path.Combine(directory, file);
        if (text is null)
        {
            File.Delete(damaged);
        }
        else
        {
            await File.WriteAllTextAsync(damaged, text);
        }

        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Usage, await terminal.RunAsync("sim", "report", directory));
        Assert.Single(terminal.Error.Trim().Split('\n'));
    }

    [Fact]
    public async Task A_failure_is_made_smaller_and_still_fails()
    {
        string directory = Path.Combine(_directory.FullPath, "smaller");
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.RunAsync(
            "sim", "minimize", "hello", "--set", "fleet.macs=8", "--set", "minutes=2", "--set", "expect=[{\"metric\":\"completedShare\",\"atMost\":0.5}]", "--seeds", "1", "--out", directory));
        string smaller = Path.Combine(directory, "minimal.json");
        Assert.Equal(ExitCode.Failure, await new TestTerminal().RunAsync("sim", "run", smaller, "--seeds", "1"));
        Assert.Equal(1, (int?)JsonNode.Parse(await File.ReadAllTextAsync(smaller))!["fleet"]!["macs"]);

        TestTerminal fine = new();
        Assert.Equal(ExitCode.Success, await fine.RunAsync("sim", "minimize", "hello", "--set", Small, "--set", "demand.requestsPerSecond=0.5", "--seeds", "1"));
        Assert.Contains("doesn't fail", fine.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_imported_trace_runs_and_replays()
    {
        string trace = _directory.Write("azure.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,374,44\n2023-11-16 18:15:50.99,396,109\n");
        string imported = Path.Combine(_directory.FullPath, "imported"), results = Path.Combine(_directory.FullPath, "results");
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.RunAsync("sim", "import", trace, "--out", imported, "--json"));
        Assert.Equal(2, (int?)JsonNode.Parse(terminal.Output)!["requests"]);
        Assert.Equal(ExitCode.Success, await new TestTerminal().RunAsync("sim", "run", Path.Combine(imported, "scenario.json"), "--set", Small, "--seeds", "1", "--out", results));
        Assert.Equal(ExitCode.Success, await new TestTerminal().RunAsync("sim", "replay", results));
    }

    [Fact]
    public async Task A_packed_trace_that_is_cut_short_says_where()
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Optimal, leaveOpen: true))
        using (StreamWriter writer = new(gzip))
        {
            await writer.WriteAsync("num_prefill_tokens,num_decode_tokens\n");
            for (int i = 0; i < 100_000; i++)
            {
                await writer.WriteAsync($"{(i * 7919L) % 4093},{(i * 104729L) % 1021}\n");
            }
        }

        string path = Path.Combine(_directory.FullPath, "cut.csv.gz");
        await File.WriteAllBytesAsync(path, packed.ToArray()[..(int)(packed.Length / 2)]);
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Usage, await terminal.RunAsync("sim", "import", path, "--out", _directory.FullPath));
        Assert.Contains("cut short", terminal.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_directory.FullPath, "trace.csv")));
    }

    [Theory]
    [InlineData(TraceFile.LineCharsMax - 1, false)]
    [InlineData(TraceFile.LineCharsMax, false)]
    [InlineData(TraceFile.LineCharsMax + 1, true)]
    public async Task A_line_has_an_end(int length, bool refused)
    {
        string path = Path.Combine(_directory.FullPath, "line.csv");
        await File.WriteAllTextAsync(path, new string('7', length));
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Usage, await terminal.RunAsync("sim", "import", path));
        Assert.Equal(refused, terminal.Error.Contains("longer than", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_full_disk_keeps_what_fitted_and_says_what_did_not()
    {
        if (!OperatingSystem.IsLinux())
        {
            return; // only there is a device that is always full
        }

        string directory = Path.Combine(_directory.FullPath, "full");
        Directory.CreateDirectory(directory);
        File.CreateSymbolicLink(Path.Combine(directory, "requests.csv.unfinished"), "/dev/full");
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Failure, await terminal.RunAsync("sim", "run", "hello", "--seeds", "1", "--set", Small, "--set", "demand.requestsPerSecond=0.5", "--out", directory));
        Assert.Contains("requests.csv could not be written", terminal.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(directory, "summary.json")));
        Assert.False(File.Exists(Path.Combine(directory, "requests.csv")));
        Assert.Contains("completedShare", terminal.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_interrupted_gives_what_it_has_and_runs_no_more()
    {
        using CancellationTokenSource stop = new();
        FleetScenario scenario = ScenarioFile.Read(ScenarioFile.Text("hello")!, [Small]);
        FleetResult?[] results = await new SimRun(new TestTerminal().Create(), 1).RunAsync(new StoppingJobs(scenario, stop), stop.Token);
        Assert.True(results[0] is { IsWhole: true });
        Assert.True(results[1] is { IsWhole: false, Violations.Length: 0 });
        Assert.Null(results[2]);
        FleetReport report = new(scenario, [results[0]!, results[1]!], interrupted: true);
        Assert.Equal((true, 1, ExitCode.Interrupted), (report.IsInterrupted, report.WholeSeeds, SimScreens.CodeOf(report)));
    }

    /// <summary>Three jobs, during the second of which a person interrupts.</summary>
    private sealed class StoppingJobs(FleetScenario scenario, CancellationTokenSource stop) : IReadOnlyList<SimJob>
    {
        public int Count => 3;

        public SimJob this[int index]
        {
            get
            {
                if (index == 1)
                {
                    stop.Cancel();
                }

                return new SimJob(scenario, (ulong)index + 1);
            }
        }

        public IEnumerator<SimJob> GetEnumerator() => throw new NotSupportedException();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private async Task<string> RunIntoAsync(string name)
    {
        string directory = Path.Combine(_directory.FullPath, name);
        Assert.Equal(ExitCode.Success, await new TestTerminal().RunAsync("sim", "run", "hello", "--seeds", "2", "--set", Small, "--set", "demand.requestsPerSecond=0.5", "--out", directory));
        return directory;
    }
}
