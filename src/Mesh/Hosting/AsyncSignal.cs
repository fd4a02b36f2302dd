using System;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Wakes the one caller that waits for a stream to change; reused, so that waiting allocates nothing.</summary>
/// <remarks><code>
/// Idle    -> [WaitAsync] -> Waiting
/// Waiting -> [Set]       -> Settled   the caller is about to look at the stream again
/// Waiting -> [Cancel]    -> Settled   the caller's token fired; the stream is untouched
/// Settled -> [Execute]   -> Settled   the caller goes on, on the thread that executes
/// Settled -> [GetResult] -> Idle      by the caller itself, which may wait anew from here on
/// Idle, Settled -> [Set] -> the same  nobody waits: the next caller looks before it waits
/// </code>The first three happen under the host's lock; Execute never does, since the caller's code runs in it.</remarks>
internal sealed class AsyncSignal(Resumptions resumptions) : IValueTaskSource, IThreadPoolWorkItem
{
    private ManualResetValueTaskSourceCore<bool> _core;
    private CancellationToken _cancelled;
    private volatile State _state;

    private enum State
    {
        Idle,
        Waiting,
        Settled,
    }

    public bool IsWaiting => _state != State.Idle;

    public ValueTask WaitAsync()
    {
        Debug.Assert(!IsWaiting, "A stream admits one reader and one writer at a time.");
        _core.Reset();
        _state = State.Waiting;
        return new ValueTask(this, _core.Version);
    }

    public void Set()
    {
        if (_state == State.Waiting)
        {
            _state = State.Settled;
            resumptions.Add(this);
        }
    }

    public void Cancel(CancellationToken cancellationToken)
    {
        if (_state == State.Waiting)
        {
            _cancelled = cancellationToken;
            Set();
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        CancellationToken cancelled = _cancelled;
        _cancelled = default;
        if (cancelled.IsCancellationRequested)
        {
            _core.SetException(new OperationCanceledException(cancelled));
        }
        else
        {
            _core.SetResult(true);
        }
    }

    void IValueTaskSource.GetResult(short token)
    {
        if (_core.GetStatus(token) != ValueTaskSourceStatus.Pending)
        {
            _state = State.Idle;
        }
        _core.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
