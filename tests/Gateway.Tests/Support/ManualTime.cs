using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Gateway.Tests.Support;

/// <summary>A clock that moves only when a test says so.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiters = [];
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

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
    public Task WaitForTimersAsync(int count)
    {
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiters.Add((count, reached));
        }

        SettleWaiters();
        return reached.Task.OrTimeoutAsync($"{count} armed timers");
    }

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

    private void SettleWaiters()
    {
        lock (_lock)
        {
            int armed = _timers.Count(t => t.IsArmed);
            foreach ((int count, TaskCompletionSource reached) in _waiters)
            {
                if (armed >= count)
                {
                    reached.TrySetResult();
                }
            }
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private DateTimeOffset? _due;
        private TimeSpan _period;

        public bool IsArmed => _due is not null;

        public bool IsDue(DateTimeOffset now) => _due <= now;

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
