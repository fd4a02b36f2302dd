using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Transport;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Callers that want a stream of one kind, served in the order in which they came.</summary>
/// <param name="gate">The host's lock, under which all but <see cref="OpenAsync"/> are called.</param>
/// <param name="tryOpen">Null while the peer admits no more.</param>
internal sealed class StreamOpening(Lock gate, Func<StreamPriority, MeshStream?> tryOpen)
{
    private readonly LinkedList<Waiter> _waiters = new();

    public async ValueTask<MeshStream> OpenAsync(StreamPriority priority, CancellationToken cancellationToken)
    {
        LinkedListNode<Waiter> waiting;
        lock (gate)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_waiters.Count == 0 && tryOpen(priority) is { } stream)
            {
                return stream;
            }
            waiting = _waiters.AddLast(new Waiter(priority));
        }
        using CancellationTokenRegistration registration =
            cancellationToken.UnsafeRegister((_, token) => Cancel(waiting, token), null);
        return await waiting.Value.Opened.Task;
    }

    /// <summary>The peer admits a stream again.</summary>
    public void OnCredit()
    {
        while (_waiters.First is { } first && tryOpen(first.Value.Priority) is { } stream)
        {
            _waiters.RemoveFirst();
            first.Value.Opened.SetResult(stream);
        }
    }

    /// <summary>The session is over.</summary>
    public void Fail(Func<MeshException> reason)
    {
        foreach (Waiter waiter in _waiters)
        {
            waiter.Opened.SetException(reason());
        }
        _waiters.Clear();
    }

    private void Cancel(LinkedListNode<Waiter> waiting, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (waiting.List is not null)
            {
                _waiters.Remove(waiting);
                waiting.Value.Opened.SetCanceled(cancellationToken);
            }
        }
    }

    private sealed class Waiter(StreamPriority priority)
    {
        public StreamPriority Priority => priority;

        public TaskCompletionSource<MeshStream> Opened { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
