using System;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Wakes the one caller that waits for a stream to change; reused, so that waiting allocates nothing.</summary>
/// <remarks><code>
/// Idle    -> [WaitAsync] -> Waiting
/// Waiting -> [Set]       -> Idle      the caller looks at the stream again
/// Waiting -> [Cancel]    -> Idle      the caller's token fired; the stream is untouched
/// Idle    -> [Set]       -> Idle      nobody waits: the next caller looks before it waits
/// </code>Every call happens under the host's lock; the waiter goes on upon the thread pool, never under it.</remarks>
internal sealed class AsyncSignal : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private bool _waiting;

    public bool IsWaiting => _waiting;

    public ValueTask WaitAsync()
    {
        Debug.Assert(!_waiting, "A stream admits one reader and one writer at a time.");
        _core.Reset();
        _waiting = true;
        return new ValueTask(this, _core.Version);
    }

    public void Set()
    {
        if (_waiting)
        {
            _waiting = false;
            _core.SetResult(true);
        }
    }

    public void Cancel(CancellationToken cancellationToken)
    {
        if (_waiting)
        {
            _waiting = false;
            _core.SetException(new OperationCanceledException(cancellationToken));
        }
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
