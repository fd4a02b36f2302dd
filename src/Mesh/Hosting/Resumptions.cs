using System.Threading;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Decides on which thread a caller goes on whose wait is over; every call happens under the host's lock.</summary>
/// <remarks>
/// Usually a batch of datagrams ends the wait of one caller. That one goes on upon the thread that received, after it
/// has given up its turn to receive: the wake-up of a second thread would take longer than all the rest. Every other
/// caller goes on upon the thread pool, so that one doesn't wait for another.
/// </remarks>
internal sealed class Resumptions
{
    private IThreadPoolWorkItem? _kept;
    private bool _keepsOne;

    public void Add(IThreadPoolWorkItem waiter)
    {
        if (_keepsOne && _kept is null)
        {
            _kept = waiter;
        }
        else
        {
            _ = ThreadPool.UnsafeQueueUserWorkItem(waiter, preferLocal: false);
        }
    }

    /// <summary>Keeps the first caller from now on until <see cref="TakeKept"/>.</summary>
    public void KeepOne() => _keepsOne = true;

    public IThreadPoolWorkItem? TakeKept()
    {
        IThreadPoolWorkItem? kept = _kept;
        _kept = null;
        _keepsOne = false;
        return kept;
    }
}
