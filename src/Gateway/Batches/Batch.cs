using System;
using System.Threading;

namespace Darkbloom.Gateway.Batches;

/// <summary>A batch from its creation on: its state at the moment, which the disk has, too.</summary>
/// <param name="save">Puts a state on the disk; it runs before anybody sees the state.</param>
internal sealed class Batch(BatchState state, Action<BatchState> save)
{
    private readonly Lock _gate = new();
    private BatchState _state = state;

    public BatchState State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    /// <summary>Fires when the client cancels. Has neither a timer nor a handle to give back.</summary>
    public CancellationTokenSource Cancelled { get; } = new();

    /// <summary>Goes on to another state; what <paramref name="next"/> returns null for stays as it is.</summary>
    /// <returns>Whether the state changed.</returns>
    public bool TryAdvance(Func<BatchState, BatchState?> next)
    {
        lock (_gate)
        {
            if (next(_state) is not { } changed)
            {
                return false;
            }

            save(changed);
            _state = changed;
            return true;
        }
    }

    /// <summary>Counts answered lines; the disk has them in the batch's log.</summary>
    public void Count(Func<BatchState, BatchState> counted)
    {
        lock (_gate)
        {
            _state = counted(_state);
        }
    }
}
