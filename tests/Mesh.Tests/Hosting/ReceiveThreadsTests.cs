using System;
using System.Collections.Concurrent;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Xunit;

namespace Darkbloom.Mesh.Tests.Hosting;

public sealed class ReceiveThreadsTests : IDisposable
{
    private const string Name = "test-receive";
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private readonly BlockingCollection<IThreadPoolWorkItem?> _arriving = [];
    private readonly ReceiveThreads _threads;

    public ReceiveThreadsTests()
    {
        _threads = new ReceiveThreads(Name, TryReceive);
        _threads.Start();
    }

    [Fact]
    public async Task A_caller_that_blocks_the_thread_that_received_holds_up_nobody()
    {
        using ManualResetEventSlim release = new();
        await BlockReceiverAsync(release);

        string? ranOn = await Arrive().RanOnAsync(); // the other thread has taken the turn, and nobody watches it

        Assert.NotEqual(Name, ranOn);
        release.Set();
    }

    [Fact]
    public async Task Turns_pass_between_the_threads_as_often_as_callers_block()
    {
        for (int i = 0; i < 20; i++)
        {
            using ManualResetEventSlim release = new();
            await BlockReceiverAsync(release);
            _ = await Arrive().RanOnAsync();
            release.Set();
        }
    }

    public void Dispose()
    {
        _arriving.CompleteAdding();
        Assert.Null(_threads.Join((int)_patience.TotalMilliseconds));
        _arriving.Dispose();
    }

    /// <summary>Blocks a thread that received, which serves a caller as soon as the other thread watches.</summary>
    private async Task BlockReceiverAsync(ManualResetEventSlim release)
    {
        while (await Arrive(release).RanOnAsync() != Name)
        {
        }
    }

    private Caller Arrive(ManualResetEventSlim? blockOn = null)
    {
        Caller caller = new(blockOn);
        _arriving.Add(caller);
        return caller;
    }

    private bool TryReceive(out IThreadPoolWorkItem? waiter) => _arriving.TryTake(out waiter, Timeout.Infinite);

    /// <summary>Says which thread it ran on, and blocks it if it is one of those that receive.</summary>
    private sealed class Caller(ManualResetEventSlim? blockOn) : IThreadPoolWorkItem
    {
        private readonly TaskCompletionSource<string?> _ranOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Execute()
        {
            _ranOn.SetResult(Thread.CurrentThread.Name);
            Assert.True(Thread.CurrentThread.Name != Name || blockOn is null || blockOn.Wait(_patience));
        }

        public Task<string?> RanOnAsync() => _ranOn.Task.WaitAsync(_patience);
    }
}
