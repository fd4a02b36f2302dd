using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Peering;

/// <summary>Something with a time at which it must be looked at.</summary>
internal interface IDeadline
{
    /// <summary>Null when there is nothing to wait for.</summary>
    Instant? Deadline { get; }

    /// <summary>Set by the queue alone: the earliest entry that it holds for this item.</summary>
    Instant? QueuedFor { get; set; }
}

/// <summary>Finds the earliest of many deadlines that move all the time, mostly to later.</summary>
/// <remarks>
/// A deadline that moves to later keeps its entry: when that comes up, the item is queued again. So each item has
/// about one entry, and a packet that postpones a timer costs nothing. The price is a spurious wake-up now and then.
/// </remarks>
internal sealed class DeadlineQueue
{
    private readonly PriorityQueue<IDeadline, (long Nanoseconds, ulong Sequence)> _entries = new();
    private ulong _sequence;

    /// <summary>Never later than the earliest deadline; now and then earlier.</summary>
    public Instant? Next =>
        _entries.TryPeek(out _, out (long Nanoseconds, ulong Sequence) key) ? new Instant(key.Nanoseconds) : null;

    /// <summary>To be called whenever an item's deadline may have changed.</summary>
    public void Update(IDeadline item)
    {
        if (item.Deadline is { } deadline && (item.QueuedFor is not { } queued || deadline < queued))
        {
            item.QueuedFor = deadline;
            _entries.Enqueue(item, (deadline.Nanoseconds, _sequence++));
        }
    }

    /// <summary>Takes the next item whose deadline has come.</summary>
    public bool TryTake(Instant now, [NotNullWhen(true)] out IDeadline? item)
    {
        while (_entries.TryPeek(out item, out (long Nanoseconds, ulong Sequence) key) && key.Nanoseconds <= now.Nanoseconds)
        {
            _ = _entries.Dequeue();
            if (item.QueuedFor != new Instant(key.Nanoseconds))
            {
                continue; // an earlier entry replaced this one
            }
            item.QueuedFor = null;
            if (item.Deadline is { } deadline && deadline <= now)
            {
                return true;
            }
            Update(item);
        }
        item = null;
        return false;
    }
}
