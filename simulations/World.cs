using System;
using System.Collections.Generic;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Simulations;

/// <summary>Virtual time: everything that will happen, in order, and nothing else happens.</summary>
/// <remarks>Two events at the same instant run in the order in which they were scheduled, so that a seed replays exactly.</remarks>
public sealed class World(ulong seed)
{
    private readonly PriorityQueue<Action, (long Nanoseconds, ulong Sequence)> _agenda = new();
    private ulong _sequence;

    public ulong Seed { get; } = seed;

    public Instant Now { get; private set; } = new(1_000_000_000);

    /// <summary>Events run so far.</summary>
    public long Happened { get; private set; }

    /// <summary>What the world draws latency and loss from; whoever needs chance of its own takes a <see cref="Fork"/>.</summary>
    public Prng Chance { get; } = new(seed);

    public TraceHash Trace { get; } = new();

    /// <summary>A generator of its own, so that one actor's draws don't shift another's.</summary>
    public Prng Fork() => new(Chance.NextUInt64());

    public void Schedule(Instant when, Action happening)
    {
        ArgumentNullException.ThrowIfNull(happening);
        ArgumentOutOfRangeException.ThrowIfLessThan(when, Now);
        _agenda.Enqueue(happening, (when.Nanoseconds, _sequence++));
    }

    /// <summary>Lets time pass until nothing is left to do before <paramref name="end"/>; it is then <paramref name="end"/>.</summary>
    public void RunUntil(Instant end)
    {
        _ = RunUntil(static () => false, end);
        Now = end;
    }

    /// <summary>Lets time pass until <paramref name="reached"/>; false when that is not so at <paramref name="end"/>.</summary>
    public bool RunUntil(Func<bool> reached, Instant end)
    {
        ArgumentNullException.ThrowIfNull(reached);
        while (!reached())
        {
            if (!_agenda.TryPeek(out Action? happening, out (long Nanoseconds, ulong Sequence) key)
                || key.Nanoseconds > end.Nanoseconds)
            {
                return false;
            }
            _ = _agenda.Dequeue();
            Now = new Instant(key.Nanoseconds);
            Happened++;
            happening();
        }
        return true;
    }
}
