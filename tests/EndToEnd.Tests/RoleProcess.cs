using System;
using System.Diagnostics;
using System.Text.Json;
using System.Threading.Tasks;

namespace Darkbloom.EndToEnd.Tests;

/// <summary>One role of a mesh as a process of its own, which a test may kill and start again.</summary>
internal sealed class RoleProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TaskCompletionSource<JsonElement> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RoleProcess(Process process) => _process = process;

    /// <summary>The process itself, not the script that started it.</summary>
    public int Pid { get; private set; }

    public string Address { get; private set; } = "";

    /// <summary>What others join by; only a rendezvous has it.</summary>
    public string Join { get; private set; } = "";

    public static async Task<RoleProcess> StartAsync(string role, params string[] more)
    {
        Process process = Launcher.Start([role, "--events", "--stop-with-input", "--log", "error", .. more]);
        RoleProcess started = new(process);
        process.OutputDataReceived += (_, line) => started.OnLine(line.Data);
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        JsonElement ready = await started._ready.Task.WaitAsync(MeshProcess.PatienceMax);
        started.Pid = ready.GetProperty("pid").GetInt32();
        started.Address = ready.GetProperty("address").GetString()!;
        started.Join = ready.TryGetProperty("join", out JsonElement join) ? join.GetString()! : "";
        return started;
    }

    /// <summary>Kills the process as a power cut would, and returns when it is gone.</summary>
    public async Task KillAsync()
    {
        Signals.Send(Pid, Signals.Kill);
        await _process.WaitForExitAsync().WaitAsync(MeshProcess.PatienceMax);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync().WaitAsync(MeshProcess.PatienceMax);
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
        switch (document.RootElement.GetProperty("event").GetString())
        {
            case "ready":
                _ = _ready.TrySetResult(document.RootElement.Clone());
                break;
            case "failed":
                _ = _ready.TrySetException(new InvalidOperationException(line));
                break;
        }
    }
}
