using System;
using System.Collections.Immutable;
using System.CommandLine;
using System.Diagnostics;
using System.IO;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Darkbloom.Cli.Chats;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Roles;
using Darkbloom.Cli.Settings;
using Darkbloom.Cli.Supervision;
using Darkbloom.Node.Models;

namespace Darkbloom.Cli.Verbs;

/// <summary><c>darkbloom up</c>: a whole mesh on this machine with one command.</summary>
internal static class UpVerb
{
    private const int SecretBytes = 24;
    private const string NoModel = "none";
    private const string PortExpected = "a number from 0 to 65535";

    private static readonly Setting<int> Nodes = new(
        "nodes", "how many nodes", $"a number from 1 to {LocalMeshPlan.NodesMax}",
        SettingParsers.Number(1, LocalMeshPlan.NodesMax), () => "3")
    { Placeholder = "count" };

    private static readonly Setting<string> SpeechModel = new(
        "speech-model", $"what one further node hears recordings with; {NoModel} for no such node", "a model id or file",
        SettingParsers.TryText, () => ModelCatalogue.BuiltInSpeechId)
    { Placeholder = "model" };

    private static readonly Setting<int> Port = new(
        "port", "HTTP port of the gateway on 127.0.0.1; 0 lets the system choose", PortExpected, SettingParsers.Number(0, ushort.MaxValue), () => "8484")
    { Placeholder = "port" };

    private static readonly Setting<int> RendezvousPort = new(
        "rendezvous-port", "UDP port of the rendezvous on 127.0.0.1; 0 lets the system choose", PortExpected,
        SettingParsers.Number(0, ushort.MaxValue), () => "0")
    { Placeholder = "port" };

    private static readonly Setting<string> State = new(
        "state", "directory that survives; a temporary one, removed at the end, unless set", "a directory", SettingParsers.TryOptionalText, () => "")
    { Placeholder = "directory" };

    private static readonly Setting<int?> Threads = new(
        KnownSettings.Threads.Name, "CPU threads of each node's engine; 1 when several share this machine", KnownSettings.Threads.Expected,
        TryThreads, () => "")
    { Placeholder = "count" };

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("up", "Start a whole mesh on this machine: a rendezvous, nodes and a gateway, each a process.")
        {
            Examples =
            [
                new("darkbloom up", "start, show how to ask, stop with Ctrl-C"),
                new("darkbloom up --ask \"What is the capital of Japan?\"", "start, answer one question, stop"),
                new("darkbloom up --nodes 1 --model ./llama-3.2-1b-q8_0.gguf", "serve a real model"),
            ],
        };
        Option<string?> ask = new("--ask") { Description = "ask this, write the answer to standard output, and stop", HelpName = "question" };
        Option<bool> json = new("--json") { Description = "write each change as a line of JSON" };
        Option<bool> verbose = new("--verbose") { Description = "show the log of every process on standard error" };
        SettingOptions options = new(
            verb, terminal, json, Nodes, KnownSettings.Model, SpeechModel, KnownSettings.Models, Port, RendezvousPort, KnownSettings.Slots, KnownSettings.Queue, Threads, State, KnownSettings.ApiKey);
        verb.Add(ask);
        verb.Add(json);
        verb.Add(verbose);
        verb.SetAction(async (parsed, _) =>
        {
            SettingValues values = options.Read(parsed);
            return options.Printed(parsed, values)
                ? (int)ExitCode.Success
                : await RunAsync(
                    new UpRun(Plan(values), values.Get(State), parsed.GetValue(ask), parsed.GetValue(json), parsed.GetValue(verbose)), terminal);
        });
        return verb;
    }

    /// <summary>
    /// 1. Listen for Ctrl-C and make a place for files. 2. Start and wait. 3. Answer one question, or show the mesh until it
    /// is stopped or broken. 4. Stop every child, whatever happened; the place for files goes last.
    /// </summary>
    internal static async Task<int> RunAsync(UpRun run, Terminal terminal)
    {
        // Step 1: listen, and make a place.
        long started = Stopwatch.GetTimestamp();
        using StopSignals signals = StopSignals.Listen();
        using StateDirectory state = run.StatePath.Length == 0
            ? StateDirectory.CreateTemporary(Path.GetTempPath())
            : StateDirectory.Open(run.StatePath);
        IUpView view = ChooseView(run, terminal);
        MeshBoard board = new();
        await using LocalMesh mesh = new(run.Plan, state, board)
        {
            OnLog = run.Verbose ? (name, line) => terminal.Error.WriteLine($"[{name}] {line}") : null,
        };
        bool wasReady = false;
        try
        {
            // Step 2: start and wait.
            await view.ShowStartAsync(board, () => mesh.StartAsync(signals.Token));
            wasReady = true;
            ClientLines clients = new(mesh.GatewayAddress, run.Plan.ApiKey, mesh.Model);

            // Step 3: one question, or until stopped.
            if (run.Question is { } question)
            {
                wasReady = false;
                using ChatClient client = new(new Uri(mesh.GatewayAddress + "/v1/"), run.Plan.ApiKey);
                // The likeliest words: a small model that is asked to be daring says anything.
                ChatRequest request = new(mesh.Model, []) { Temperature = 0 };
                await new ChatSession(client, request, terminal).AskAsync(question, signals.Token);
                return (int)ExitCode.Success;
            }

            view.ShowReady(board, new UpSummary(clients, mesh.ConfigurationPath, Stopwatch.GetElapsedTime(started)));
            Task<string> broken = mesh.BrokenAsync(signals.Token);
            await view.ShowRunningAsync(board, broken);
            throw new InvalidOperationException(await broken);
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
        {
            return (int)(wasReady ? ExitCode.Success : ExitCode.Interrupted);
        }
        finally
        {
            // Step 4: stop every child.
            if (run.Question is null)
            {
                view.ShowStopping();
            }

            await mesh.StopAsync();
        }
    }

    private static LocalMeshPlan Plan(SettingValues values)
    {
        int nodes = values.Get(Nodes);
        ImmutableArray<string> keys = values.Get(KnownSettings.ApiKey);
        return new LocalMeshPlan
        {
            Nodes = nodes,
            Model = AbsoluteIfFile(values.Get(KnownSettings.Model)),
            SpeechModel = values.Get(SpeechModel) is var speech && speech != NoModel ? AbsoluteIfFile(speech) : "",
            Models = Path.GetFullPath(values.Get(KnownSettings.Models)),
            Port = values.Get(Port),
            RendezvousPort = values.Get(RendezvousPort),
            Slots = values.Get(KnownSettings.Slots),
            Queue = values.Get(KnownSettings.Queue),
            Threads = values.Get(Threads) ?? (nodes > 1 ? 1 : 0),
            JoinSecret = NewSecret(),
            ApiKey = keys.IsEmpty ? "db-" + NewSecret() : keys[0],
        };
    }

    private static IUpView ChooseView(UpRun run, Terminal terminal)
    {
        // With a question, standard output belongs to the answer.
        TextWriter writer = run.Question is null ? terminal.Out : terminal.Error;
        Spectre.Console.IAnsiConsole console = run.Question is null ? terminal.OutConsole() : terminal.ErrorConsole();
        bool watched = run.Question is null ? terminal.IsOutInteractive : terminal.IsErrorInteractive;
        return run.Json ? new JsonUpView(writer) : watched ? new LiveUpView(writer, console) : new PlainUpView(writer, console);
    }

    private static string AbsoluteIfFile(string model) => File.Exists(model) ? Path.GetFullPath(model) : model;

    private static string NewSecret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes));

    private static bool TryThreads(string text, out int? value)
    {
        value = null;
        if (text.Length == 0)
        {
            return true;
        }

        bool parsed = SettingParsers.Number(0, KnownSettings.ThreadsMax)(text, out int threads);
        value = threads;
        return parsed;
    }
}

/// <summary>What one <c>up</c> was asked to do.</summary>
/// <param name="StatePath">Empty for a temporary directory.</param>
/// <param name="Question">Null to serve until stopped.</param>
internal sealed record UpRun(LocalMeshPlan Plan, string StatePath, string? Question, bool Json, bool Verbose);
