using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;
using Darkbloom.Cli.Verbs;
using Darkbloom.Simulations.Fleet;
using Darkbloom.Simulations.Traces;
using Spectre.Console;

namespace Darkbloom.Cli.Simulating;

/// <summary><c>darkbloom sim import</c>: a public trace, looked at, and as a scenario that replays it.</summary>
internal static class SimImportVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("import", "Read a public trace of requests (Azure, BurstGPT, Mooncake, Vidur; packed by gzip or not) and make a scenario that replays it.")
        {
            Examples =
            [
                new("darkbloom sim import AzureLLMInferenceTrace_conv.csv", "what it looks like"),
                new("darkbloom sim import conversation_trace.jsonl.gz --minutes 30 --out mooncake", "writes trace.csv and scenario.json; then: darkbloom sim run mooncake/scenario.json"),
            ],
        };
        Argument<string> file = new("file") { Description = "the trace" };
        Option<double> minutes = new("--minutes") { Description = "how much of it, from its beginning", DefaultValueFactory = static _ => double.PositiveInfinity, HelpName = "minutes" };
        Option<double> rate = new("--rate") { Description = "requests per second, for traces that have no times", DefaultValueFactory = static _ => TraceFile.RequestsPerSecond, HelpName = "number" };
        Option<string?> directory = new("--out") { Description = "a directory for trace.csv and scenario.json", HelpName = "directory" };
        Option<bool> json = SettingOptions.CreateJsonOption();
        verb.Add(file);
        verb.Add(minutes);
        verb.Add(rate);
        verb.Add(directory);
        verb.Add(json);
        verb.SetAction(parsed => (int)Run(
            parsed.GetValue(file)!,
            parsed.GetValue(minutes) is var some and > 0 ? some : throw new SettingException("--minutes: more than 0."),
            parsed.GetValue(rate) is var perSecond and > 0 ? perSecond : throw new SettingException("--rate: more than 0."),
            parsed.GetValue(directory),
            parsed.GetValue(json),
            terminal));
        return verb;
    }

    private static ExitCode Run(string file, double minutes, double rate, string? directory, bool json, Terminal terminal)
    {
        using StopSignals signals = StopSignals.Listen();
        TraceReader reader = new(rate);
        TraceStatistics statistics = new();
        try
        {
            if (directory is null)
            {
                Copy(TextWriter.Null);
            }
            else
            {
                SimFiles.Write(directory, ("trace.csv", Copy));
            }
        }
        catch (FormatException e)
        {
            throw new SettingException($"{file}: {e.Message}. {statistics.Requests} requests before it were read.".Replace("..", ".", StringComparison.Ordinal));
        }

        if (statistics.Requests == 0)
        {
            throw new SettingException($"{file}: the file holds no request.");
        }

        Show(file, reader.Format, statistics, json, terminal);
        if (directory is not null)
        {
            SimFiles.Write(directory, ("scenario.json", writer => writer.Write(SimFiles.Text(ScenarioFile.ToJson(ScenarioOf(file, statistics))))));
            terminal.Error.WriteLine($"Next: darkbloom sim run {Path.Combine(directory, "scenario.json")} --seeds 1 --out results");
        }

        return ExitCode.Success;

        void Copy(TextWriter writer)
        {
            writer.Write(FleetTrace.Header + "\n");
            foreach (TraceRequest request in TraceFile.Lines(file).Select(reader.Read).OfType<TraceRequest>())
            {
                signals.Token.ThrowIfCancellationRequested();
                if (request.ArrivedS > minutes * 60)
                {
                    break;
                }

                statistics.Add(statistics.Requests < FleetTrace.RequestsMax ? request : throw new FormatException(
                    $"line {reader.Lines}: more than {FleetTrace.RequestsMax} requests; take a part of them with --minutes"));
                writer.Write(FleetTrace.RowOf(request) + "\n");
            }
        }
    }

    private static FleetScenario ScenarioOf(string file, TraceStatistics statistics) => new()
    {
        Name = Path.GetFileName(file).Split('.')[0],
        About = $"The {statistics.Requests} requests of {Path.GetFileName(file)}, as they came.",
        Minutes = Math.Max(1, Math.Ceiling(statistics.Seconds / 60) + 1),
        Demand = new FleetDemand { Trace = "trace.csv" },
    };

    private static void Show(string file, TraceFormat format, TraceStatistics statistics, bool json, Terminal terminal)
    {
        if (json)
        {
            terminal.Out.WriteLine(statistics.ToJson().ToJsonString());
            return;
        }

        Table table = Tables.Create($"{Path.GetFileName(file)} ({format})", "");
        foreach ((string name, double value) in statistics.All())
        {
            table.Add(name, SimScreens.Number(value));
        }

        terminal.OutConsole().Write(table);
    }
}
