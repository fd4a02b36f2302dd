using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Cli.Supervision;

/// <summary>A child that is asked to stop by the end of its input, and killed if it does not.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int ErrorLinesMax = 30;
    private static readonly TimeSpan LastWordsMax = TimeSpan.FromSeconds(1);

    private readonly Process _process;
    private readonly Queue<string> _errorLines = [];
    private readonly Lock _gate = new();

    private ChildProcess(Process process, Action<string> onOutput, Action<string>? onError)
    {
        _process = process;
        Id = process.Id;
        Exited = FollowAsync(onOutput, onError);
    }

    public int Id { get; }

    /// <summary>Completes with the exit code when the child has ended and its last words have been read.</summary>
    public Task<int> Exited { get; }

    /// <summary>The last lines of its error stream: why it failed, if it did not say so itself.</summary>
    public IReadOnlyList<string> LastErrorLines
    {
        get
        {
            lock (_gate)
            {
                return [.. _errorLines];
            }
        }
    }

    /// <exception cref="System.ComponentModel.Win32Exception">The program can't be started.</exception>
    public static ChildProcess Start(ChildCommand command, Action<string> onOutput, Action<string>? onError)
    {
        ProcessStartInfo start = new(command.File)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (string argument in command.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in command.Environment)
        {
            start.Environment[name] = value;
        }

        return new ChildProcess(
            Process.Start(start) ?? throw new InvalidOperationException($"{command.File} did not start."), onOutput, onError);
    }

    /// <summary>Asks it to stop; harmless when it has ended.</summary>
    public void RequestStop()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended first and the pipe is broken: that is a stop as well.
        }
    }

    /// <summary>Ends it at once, by its own process and never by name.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }

    /// <summary>Asks it to stop and kills it when <paramref name="patience"/> is cancelled first.</summary>
    public async Task StopAsync(CancellationToken patience)
    {
        RequestStop();
        try
        {
            await Exited.WaitAsync(patience);
        }
        catch (OperationCanceledException)
        {
            Kill();
            await Exited;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await Exited;
        _process.Dispose();
    }

    private async Task<int> FollowAsync(Action<string> onOutput, Action<string>? onError)
    {
        Task output = PumpAsync(_process.StandardOutput, onOutput);
        Task error = PumpAsync(_process.StandardError, line =>
        {
            lock (_gate)
            {
                if (_errorLines.Count == ErrorLinesMax)
                {
                    _errorLines.Dequeue();
                }

                _errorLines.Enqueue(line);
            }

            onError?.Invoke(line);
        });
        await _process.WaitForExitAsync();

        // A program that the child started may hold the pipes open after it: its last words are worth a moment, not more.
        await Task.WhenAny(Task.WhenAll(output, error), Task.Delay(LastWordsMax));
        return _process.ExitCode;
    }

    private static async Task PumpAsync(StreamReader reader, Action<string> onLine)
    {
        try
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                onLine(line);
            }
        }
        catch (ObjectDisposedException)
        {
            // The child was given up while a program that it started still held the pipe.
        }
    }
}
