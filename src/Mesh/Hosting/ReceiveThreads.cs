using System.Threading;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Receives one run of datagrams; false when nothing more will come.</summary>
/// <param name="waiter">A caller who may go on now; null when there is none.</param>
internal delegate bool ReceiveOnce(out IThreadPoolWorkItem? waiter);

/// <summary>Two threads that share the turn to receive, so that whoever waited for a datagram goes on without a wake-up.</summary>
/// <remarks>
/// The thread whose datagrams end a caller's wait frees the turn and becomes that caller's thread. Usually the caller
/// waits again within microseconds, and the thread takes its turn back. The other thread looks once a tick, as long as
/// turns are freed at all: one that it finds free for a whole tick it takes. So a caller that blocks holds up what
/// arrives for two ticks, and one that doesn't costs no wake-up. When both threads are busy, the one that receives keeps
/// its turn and the thread pool serves the callers.
/// <code>
/// Receiving -> [a caller may go on, the other watches]     -> Serving     the turn is free
/// Receiving -> [a caller may go on, the other serves]      -> Receiving   the thread pool takes the caller
/// Serving   -> [the caller waits again, the turn is free]  -> Receiving
/// Serving   -> [the caller waits again, the turn is taken] -> Watching
/// Watching  -> [the turn was free for a tick]              -> Receiving
/// Watching  -> [no turn was freed for a tick]              -> Asleep
/// Asleep    -> [a turn is freed]                           -> Watching
/// any       -> [the socket is closed]                      -> Ended
/// </code></remarks>
internal sealed class ReceiveThreads(string name, ReceiveOnce receive)
{
    private const int TickMs = 1;
    private const int Free = 0;
    private const int Taken = 1;

    private readonly Thread?[] _threads = new Thread?[2];
    private readonly object _watch = new();
    private int _turn = Taken;
    private long _turnsFreed;
    private volatile bool _hasWatcher;
    private volatile bool _isAsleep;
    private volatile bool _stopped;

    public void Start()
    {
        _threads[0] = new Thread(Run) { IsBackground = true, Name = name };
        _threads[0]!.Start();
    }

    /// <summary>Lets the threads end; the one that receives must be woken by its socket.</summary>
    public void Stop()
    {
        lock (_watch)
        {
            _stopped = true;
            Monitor.PulseAll(_watch);
        }
    }

    /// <summary>The name of a thread that didn't end in time, or null.</summary>
    public string? Join(int msMax)
    {
        foreach (Thread? thread in _threads)
        {
            if (thread is not null && thread != Thread.CurrentThread && !thread.Join(msMax))
            {
                return thread.Name;
            }
        }
        return null;
    }

    private void Run()
    {
        do
        {
            Receive();
        }
        while (TryWatch());
    }

    /// <summary>Receives until the other thread has taken the turn, or nothing more comes.</summary>
    private void Receive()
    {
        do
        {
            IThreadPoolWorkItem? waiter;
            do
            {
                if (!receive(out waiter))
                {
                    Stop();
                    return;
                }
            }
            while (waiter is null || !TryFreeTurn(waiter));
            waiter.Execute();
        }
        while (TryTakeTurn());
    }

    /// <summary>False when nobody watches the turn; the thread pool has the waiter then.</summary>
    private bool TryFreeTurn(IThreadPoolWorkItem waiter)
    {
        if (!_hasWatcher)
        {
            _ = ThreadPool.UnsafeQueueUserWorkItem(waiter, preferLocal: false);
            StartWatcher();
            return false;
        }
        _ = Interlocked.Increment(ref _turnsFreed);
        _ = Interlocked.Exchange(ref _turn, Free);
        if (_isAsleep)
        {
            lock (_watch)
            {
                Monitor.Pulse(_watch);
            }
        }
        return true;
    }

    private bool TryTakeTurn() => Interlocked.CompareExchange(ref _turn, Taken, Free) == Free;

    /// <summary>The second thread starts when there is first a caller to serve.</summary>
    private void StartWatcher()
    {
        if (_threads[1] is null && !_stopped)
        {
            _threads[1] = new Thread(RunWatcher) { IsBackground = true, Name = name };
            _threads[1]!.Start();
        }
    }

    private void RunWatcher()
    {
        if (TryWatch())
        {
            Run();
        }
    }

    /// <summary>True once this thread has the turn; false when there will be no more turns.</summary>
    private bool TryWatch()
    {
        lock (_watch)
        {
            _hasWatcher = true;
            long before = -1;
            while (!_stopped)
            {
                long freed = Interlocked.Read(ref _turnsFreed);
                if (freed != before)
                {
                    before = freed;
                    _ = Monitor.Wait(_watch, TickMs);
                }
                else if (TryTakeTurn())
                {
                    _hasWatcher = false;
                    return true;
                }
                else
                {
                    Sleep(freed);
                }
            }
            return false;
        }
    }

    /// <summary>Sleeps until a turn is freed after <paramref name="freed"/> ones: looking again closes the gap in which one is freed unseen.</summary>
    private void Sleep(long freed)
    {
        _isAsleep = true;
        Interlocked.MemoryBarrier();
        if (Interlocked.Read(ref _turnsFreed) == freed && !_stopped)
        {
            _ = Monitor.Wait(_watch);
        }
        _isAsleep = false;
    }
}
