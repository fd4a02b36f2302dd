using System;
using System.Collections.Generic;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Simulations.Fleet;

/// <summary>Everything that will happen to a fleet, in one order that no other run of the seed can differ from.</summary>
/// <remarks>
/// The order is (time, destination, source, number of the source's event): what two actors do at the same instant
/// doesn't depend on which of them was scheduled first.
/// </remarks>
internal sealed class Agenda(int actors)
{
    private readonly PriorityQueue<Action, EventKey> _events = new();
    private readonly long[] _sequences = new long[actors];

    public Instant Now { get; private set; } = new(0);

    /// <summary>Events run so far.</summary>
    public long Happened { get; private set; }

    /// <param name="destination">The actor whose state the event changes.</param>
    /// <param name="source">The actor that causes it.</param>
    public void Schedule(Instant when, int destination, int source, Action happening)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(when, Now);
        _events.Enqueue(happening, new EventKey(when.Nanoseconds, destination, source, _sequences[source]++));
    }

    /// <summary>Lets time pass until <paramref name="end"/>; false when nothing is left to happen.</summary>
    public bool RunUntil(Instant end)
    {
        while (_events.TryPeek(out Action? happening, out EventKey key) && key.Nanoseconds <= end.Nanoseconds)
        {
            _ = _events.Dequeue();
            Now = new Instant(key.Nanoseconds);
            Happened++;
            happening();
        }

        Now = end;
        return _events.Count > 0;
    }

    private readonly record struct EventKey(long Nanoseconds, int Destination, int Source, long Sequence) : IComparable<EventKey>
    {
        public int CompareTo(EventKey other)
        {
            int order = Nanoseconds.CompareTo(other.Nanoseconds);
            order = order != 0 ? order : Destination.CompareTo(other.Destination);
            order = order != 0 ? order : Source.CompareTo(other.Source);
            return order != 0 ? order : Sequence.CompareTo(other.Sequence);
        }
    }
}
