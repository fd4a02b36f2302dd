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
        lock (_gate)
        {
            if (Count >= countMax)
            {
                return false;
            }

            Count++;
        }

        _ = Task.Run(async () =>
        {
            try
            {
                await task();
            }
            finally
            {
                OnEnded();
            }
        });
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
