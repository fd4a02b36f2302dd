using System;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Node.Serving;

/// <summary>Cancels a source when a task fails; a task that completes well, or after this was disposed, cancels nothing.</summary>
internal sealed class CancelOnFault : IDisposable
{
    private readonly Lock _gate = new();
    private CancellationTokenSource? _source;

    public CancelOnFault(Task task, CancellationTokenSource source)
    {
        _source = source;
        _ = task.ContinueWith(
            static (_, watch) => ((CancelOnFault)watch!).Fire(),
            this,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default);
    }

    public bool HasFired { get; private set; }

    public void Dispose()
    {
        lock (_gate)
        {
            _source = null;
        }
    }

    private void Fire()
    {
        lock (_gate)
        {
            HasFired = _source is not null;
            _source?.Cancel();
        }
    }
}
