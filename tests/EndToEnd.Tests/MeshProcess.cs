using System;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Linq;
using System.Net;
using System.Text.Json;
using System.Threading.Tasks;

namespace Darkbloom.EndToEnd.Tests;

/// <summary>A mesh that <c>darkbloom up</c> started: real processes, the real model, real UDP on loopback.</summary>
internal sealed class MeshProcess : IAsyncDisposable
{
    /// <summary>Far more than a start takes on a loaded machine; reached only when something hangs.</summary>
    public static readonly TimeSpan PatienceMax = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly ConcurrentDictionary<string, MeshMember> _members = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly TaskCompletionSource<JsonElement> _up = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private MeshProcess(Process process) => _process = process;

    /// <summary>What OpenAI clients call the base URL; it ends in /v1.</summary>
    public string Url { get; private set; } = "";

    public string ApiKey { get; private set; } = "";

    public string Model { get; private set; } = "";

    /// <summary>The configuration file with which other verbs reach this mesh.</summary>
    public string ConfigurationPath { get; private set; } = "";

    /// <summary>From the start of the processes to ready, as the command itself states it, in milliseconds.</summary>
    public double ElapsedMs { get; private set; }

    public int Pid => _process.Id;

    public ImmutableArray<MeshMember> Members => [.. _members.Values.OrderBy(member => member.Name, StringComparer.Ordinal)];

    public ImmutableArray<MeshMember> Nodes => [.. Members.Where(member => member.Name.StartsWith("node", StringComparison.Ordinal))];

    /// <summary>The UDP ports of this mesh that are known: rendezvous and nodes.</summary>
    public ImmutableHashSet<int> UdpPorts =>
        [.. Members.Where(member => member.Name != "gateway").Select(member => IPEndPoint.Parse(member.Address).Port)];

    public static async Task<MeshProcess> StartAsync(params string[] more)
    {
        Process process = Launcher.Start(["up", "--json", "--port", "0", .. more]);
        MeshProcess mesh = new(process);
        process.OutputDataReceived += (_, line) => mesh.OnLine(line.Data);
        process.ErrorDataReceived += (_, line) => mesh.OnError(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Task first = await Task.WhenAny(mesh._up.Task, process.WaitForExitAsync(), Task.Delay(PatienceMax));
        if (first != mesh._up.Task)
        {
            await mesh.DisposeAsync();
            throw new InvalidOperationException($"The mesh did not come up: {string.Join('\n', mesh._errors)}");
        }

        JsonElement up = await mesh._up.Task;
        mesh.Url = up.GetProperty("url").GetString()!;
        mesh.ApiKey = up.GetProperty("api_key").GetString()!;
        mesh.Model = up.GetProperty("model").GetString()!;
        mesh.ElapsedMs = up.GetProperty("elapsed_ms").GetDouble();
        mesh.ConfigurationPath = up.GetProperty("config").GetString()!;
        return mesh;
    }

    /// <summary>Presses Ctrl-C and returns the exit code.</summary>
    public async Task<int> InterruptAsync()
    {
        Signals.Send(_process.Id, Signals.Interrupt);
        await _process.WaitForExitAsync().WaitAsync(PatienceMax);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Signals.Send(_process.Id, Signals.Interrupt);
            await Task.WhenAny(_process.WaitForExitAsync(), Task.Delay(PatienceMax));
        }

        foreach (MeshMember member in Members.Where(member => Signals.IsAlive(member.Pid)))
        {
            // A stopped process can't obey: it is one of ours, by pid.
            Signals.Send(member.Pid, Signals.Kill);
        }

        _process.Dispose();
    }

    private void OnLine(string? line)
    {
        if (line is null || !line.StartsWith('{'))
        {
            return;
        }

        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement root = document.RootElement.Clone();
        if (root.GetProperty("event").GetString() == "up")
        {
            _up.TrySetResult(root);
        }
        else if (root.TryGetProperty("name", out JsonElement name))
        {
            _members[name.GetString()!] = new MeshMember(
                name.GetString()!, root.GetProperty("pid").GetInt32(), root.GetProperty("address").GetString()!);
        }
    }

    private void OnError(string? line)
    {
        if (line is not null)
        {
            _errors.Enqueue(line);
        }
    }
}

/// <summary>One process of a mesh.</summary>
internal sealed record MeshMember(string Name, int Pid, string Address);
