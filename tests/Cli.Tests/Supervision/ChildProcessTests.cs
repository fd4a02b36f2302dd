using System;
using System.Collections.Concurrent;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Supervision;
using Xunit;

namespace Darkbloom.Cli.Tests.Supervision;

public sealed class ChildProcessTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_child_stops_when_its_input_ends()
    {
        ConcurrentQueue<string> lines = [];
        await using ChildProcess child = ChildProcess.Start(ShellRole.Command("echo up; cat >/dev/null; echo down; exit 3"), lines.Enqueue, onError: null);
        using CancellationTokenSource patience = new(Patience);
        await child.StopAsync(patience.Token);
        Assert.Equal(3, await child.Exited);
        Assert.Equal(["up", "down"], lines);
    }

    [Fact]
    public async Task A_child_that_does_not_stop_is_killed()
    {
        TaskCompletionSource started = new();
        await using ChildProcess child = ChildProcess.Start(
            ShellRole.Command("trap '' TERM INT; echo up; while :; do sleep 1; done"), _ => started.TrySetResult(), onError: null);
        await started.Task.WaitAsync(Patience);
        await child.StopAsync(new CancellationToken(canceled: true));
        Assert.NotEqual(0, await child.Exited);
    }

    [Fact]
    public async Task The_last_lines_of_the_error_stream_are_kept()
    {
        await using ChildProcess child = ChildProcess.Start(
            ShellRole.Command("i=0; while [ $i -lt 40 ]; do echo line $i >&2; i=$((i+1)); done"), _ => { }, onError: null);
        await child.Exited.WaitAsync(Patience);
        Assert.Equal(30, child.LastErrorLines.Count);
        Assert.Equal("line 10", child.LastErrorLines[0]);
        Assert.Equal("line 39", child.LastErrorLines[^1]);
    }

    [Fact]
    public async Task A_secret_reaches_the_child_by_its_environment()
    {
        ConcurrentQueue<string> lines = [];
        ChildCommand command = ShellRole.Command("echo $DARKBLOOM_JOIN_SECRET") with { Environment = [("DARKBLOOM_JOIN_SECRET", "canary-7f")] };
        await using ChildProcess child = ChildProcess.Start(command, lines.Enqueue, onError: null);
        await child.Exited.WaitAsync(Patience);
        Assert.Equal(["canary-7f"], lines);
    }

    [Fact]
    public async Task Stopping_a_child_that_has_ended_is_harmless()
    {
        await using ChildProcess child = ChildProcess.Start(ShellRole.Command("exit 0"), _ => { }, onError: null);
        await child.Exited.WaitAsync(Patience);
        child.RequestStop();
        child.Kill();
        await child.StopAsync(CancellationToken.None);
    }
}
