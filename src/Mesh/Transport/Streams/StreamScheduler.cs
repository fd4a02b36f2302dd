using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace Darkbloom.Mesh.Transport.Streams;

/// <summary>Chooses whose bytes go next: strict priorities, round robin inside one, and a floor for bulk.</summary>
/// <remarks>
/// While bulk waits, every nine bytes of others earn it one; as soon as it has earned a datagram it goes first. So a
/// token never waits for more than one bulk datagram, and an upload never stands still.
/// </remarks>
internal sealed class StreamScheduler(int datagramBytes)
{
    /// <summary>Bytes of more urgent streams for each byte of bulk, when there is more of both than the path carries.</summary>
    public const int UrgentBytesPerBulkByte = 9;

    private const int Priorities = (int)StreamPriority.Bulk + 1;

    private int _datagramBytes = datagramBytes;

    private readonly Queue<TransportStream>[] _queues = CreateQueues();
    private int _count;
    private long _bulkCredit;

    public bool IsEmpty => _count == 0;

    /// <summary>The path takes datagrams of this size from now on.</summary>
    public void SetDatagramBytes(int bytes) => _datagramBytes = bytes;

    /// <summary>Puts a stream at the end of its priority's queue, unless it stands there.</summary>
    public void Add(TransportStream stream)
    {
        if (!stream.IsScheduled)
        {
            stream.IsScheduled = true;
            _queues[(int)stream.Priority].Enqueue(stream);
            _count++;
        }
    }

    /// <summary>Takes out the stream that goes next; the caller charges what it sent and adds it again if more waits.</summary>
    public bool TryTake(out TransportStream? stream)
    {
        Queue<TransportStream> bulk = _queues[(int)StreamPriority.Bulk];
        Queue<TransportStream>? chosen = null;
        if (bulk.Count > 0 && _bulkCredit >= (long)_datagramBytes * UrgentBytesPerBulkByte)
        {
            chosen = bulk;
        }
        for (int i = 0; i < Priorities && chosen is null; i++)
        {
            chosen = _queues[i].Count > 0 ? _queues[i] : null;
        }
        stream = chosen?.Dequeue();
        if (stream is not null)
        {
            Debug.Assert(stream.IsScheduled, "A queued stream is marked.");
            stream.IsScheduled = false;
            _count--;
        }
        return stream is not null;
    }

    public void Charge(StreamPriority priority, int bytes)
    {
        if (priority == StreamPriority.Bulk)
        {
            _bulkCredit = Math.Max(0, _bulkCredit - ((long)bytes * UrgentBytesPerBulkByte));
        }
        else
        {
            _bulkCredit = _queues[(int)StreamPriority.Bulk].Count > 0 ? _bulkCredit + bytes : 0;
        }
    }

    private static Queue<TransportStream>[] CreateQueues()
    {
        Queue<TransportStream>[] queues = new Queue<TransportStream>[Priorities];
        for (int i = 0; i < Priorities; i++)
        {
            queues[i] = new Queue<TransportStream>();
        }
        return queues;
    }
}
