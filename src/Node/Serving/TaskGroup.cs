using System;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Node.Serving;

/// <summary>Counts tasks that run, refuses more than a limit and tells when none is left.</summary>
internal sealed class TaskGroup
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _empty;

    public int Count { get; private set; }

    /// <summary>Runs the task on the pool; false, without running it, when as many run as may.</summary>
    public bool TryRun(Func<Task> task, int countMax)
    {
        if (!TryCount(countMax))
        {
            return false;
        }

        _ = Task.Run(() => RunAsync(task));
        return true;
    }

    /// <summary>The same, but the caller's thread runs the task until it first waits: no other thread has to wake up for it.</summary>
    public bool TryStart(Func<Task> task, int countMax)
    {
        if (!TryCount(countMax))
        {
            return false;
        }

        _ = RunAsync(task);
        return true;
    }

    /// <summary>Completes when no task runs; tasks that start later are not waited for.</summary>
    public Task WhenEmptyAsync()
    {
        lock (_gate)
        {
            if (Count == 0)
            {
                return Task.CompletedTask;
            }

            _empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _empty.Task;
        }
    }

    private bool TryCount(int countMax)
    {
        lock (_gate)
        {
            bool isRoom = Count < countMax;
            Count += isRoom ? 1 : 0;
            return isRoom;
        }
    }

    private async Task RunAsync(Func<Task> task)
    {
        try
        {
            await task();
        }
        finally
        {
            OnEnded();
        }
    }

    private void OnEnded()
    {
        lock (_gate)
        {
            if (--Count == 0)
            {
                _empty?.SetResult();
                _empty = null;
            }
        }
    }
}
