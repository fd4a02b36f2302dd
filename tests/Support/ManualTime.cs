using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Tests.Support;

/// <summary>A clock that moves only when a test says so.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private static readonly DateTimeOffset _start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly List<(Func<IEnumerable<ManualTimer>, bool> IsReached, TaskCompletionSource Reached)> _waiters = [];
    private DateTimeOffset _now = _start;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    public override long GetTimestamp() => (GetUtcNow() - _start).Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ManualTimer timer = new(this, callback, state);
        lock (_lock)
        {
            _timers.Add(timer);
            timer.Arm(_now, dueTime, period);
        }

        SettleWaiters();
        return timer;
    }

    /// <summary>Completes once this many timers are armed: then an advance cannot miss them.</summary>
    public Task WaitForTimersAsync(int count) =>
        WaitAsync(timers => timers.Count(static timer => timer.IsArmed) >= count, $"{count} armed timers");

    /// <summary>Completes once a timer is armed that fires after exactly this time.</summary>
    public Task WhenArmedAsync(TimeSpan left) => WaitAsync(timers => timers.Any(timer => timer.IsDueIn(left)), $"a timer of {left}");

    /// <summary>Moves the clock, and runs what is due.</summary>
    public void Advance(TimeSpan duration)
    {
        ManualTimer[] due;
        lock (_lock)
        {
            _now += duration;
            due = [.. _timers.Where(t => t.IsDue(_now))];
            foreach (ManualTimer timer in due)
            {
                timer.Rearm(_now);
            }
        }

        foreach (ManualTimer timer in due)
        {
            timer.Run();
        }
    }

    private Task WaitAsync(Func<IEnumerable<ManualTimer>, bool> isReached, string awaited)
    {
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiters.Add((isReached, reached));
        }

        SettleWaiters();
        return reached.Task.OrTimeoutAsync(awaited);
    }

    private void SettleWaiters()
    {
        lock (_lock)
        {
            foreach ((Func<IEnumerable<ManualTimer>, bool> isReached, TaskCompletionSource reached) in _waiters.FindAll(w => w.IsReached(_timers)))
            {
                reached.TrySetResult();
            }

            _ = _waiters.RemoveAll(static waiter => waiter.Reached.Task.IsCompleted);
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private DateTimeOffset? _due;
        private TimeSpan _period;

        public bool IsArmed => _due is not null;

        public bool IsDue(DateTimeOffset now) => _due <= now;

        public bool IsDueIn(TimeSpan left) => _due - time._now == left;

        public void Arm(DateTimeOffset now, TimeSpan dueTime, TimeSpan period)
        {
            _due = dueTime == Timeout.InfiniteTimeSpan ? null : now + dueTime;
            _period = period;
        }

        public void Rearm(DateTimeOffset now) => _due = _period == Timeout.InfiniteTimeSpan ? null : now + _period;

        public void Run() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                Arm(time._now, dueTime, period);
            }

            time.SettleWaiters();
            return true;
        }

        public void Dispose()
        {
            lock (time._lock)
            {
                _due = null;
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
