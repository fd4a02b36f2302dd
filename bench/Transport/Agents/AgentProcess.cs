using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.LinkEmulator;

namespace Darkbloom.Bench.Transport.Agents;

/// <summary>The run's side of an agent: this program again, as a process of its own, told by lines what to do.</summary>
/// <remarks>Each end of a connection has a process: neither's garbage, locks or thread pool slow the other.</remarks>
internal sealed class AgentProcess : IAsyncDisposable
{
    /// <summary>No measurement comes near it; whoever waits longer hangs.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(90);

    private readonly ConcurrentDictionary<long, TaskCompletionSource<AgentMessage>> _asked = new();
    private readonly Process _process;
    private readonly Task _reading;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private long _lastNumber;

    private AgentProcess(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    /// <param name="end">The end of the link whose network the process gets; null for the machine's own.</param>
    public static AgentProcess Start(LinkEnd? end)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.ArgumentList.Add("agent");
        return new AgentProcess(end is null ? Process.Start(start)! : end.Namespace.Start(start));
    }

    /// <exception cref="InvalidOperationException">The agent could not do it, or is gone.</exception>
    public async Task<AgentMessage> AskAsync(string word, params (string Name, IConvertible Value)[] values)
    {
        AgentMessage question = new(Interlocked.Increment(ref _lastNumber), word, AgentMessage.Of(values));
        TaskCompletionSource<AgentMessage> answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[question.Number] = answered;
        await _writing.WaitAsync();
        try
        {
            await _process.StandardInput.WriteLineAsync(question.ToString());
            await _process.StandardInput.FlushAsync();
        }
        finally
        {
            _ = _writing.Release();
        }
        AgentMessage answer = await answered.Task.WaitAsync(_patience);
        return answer.Word == AgentMessage.Done
            ? answer
            : throw new InvalidOperationException($"{word}: {answer.Text("why").Replace('_', ' ')}");
    }

    /// <summary>Ends the process: it leaves when its input ends, and at once when it doesn't.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(3));
        }
        catch (Exception e) when (e is TimeoutException or IOException)
        {
            _process.Kill();
        }
        await _reading;
        _process.Dispose();
        _writing.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            AgentMessage answer = AgentMessage.Parse(line);
            if (_asked.TryRemove(answer.Number, out TaskCompletionSource<AgentMessage>? asked))
            {
                asked.SetResult(answer);
            }
        }
        foreach (KeyValuePair<long, TaskCompletionSource<AgentMessage>> open in _asked)
        {
            _ = open.Value.TrySetException(new InvalidOperationException("The agent is gone."));
        }
    }
}
