using System;
using System.Collections.Generic;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;

namespace Darkbloom.Mesh.Transport.Streams;

/// <summary>All streams of one connection: opens, feeds, schedules and forgets them, and keeps the connection's windows.</summary>
/// <remarks>
/// Commands come from the application (this file), frames from the peer (StreamSet.Receive.cs), and frames to the peer
/// leave by StreamSet.Transmit.cs. A stream lives until both halves are terminal; then its id means "closed", and late
/// frames for it are ignored.
/// </remarks>
internal sealed partial class StreamSet
{
    /// <summary>The least that a stream may buffer, however small the congestion window is.</summary>
    public const int SendBufferBytesMin = 64 * 1024;

    /// <summary>A priority leaves one of these shares of all send buffers to each more urgent one.</summary>
    private const int SendBufferShares = 16;

    /// <summary>Room that is worth waking a writer for; a small buffer's writer is woken at half of it.</summary>
    public const int WritableBytes = 256 * 1024;

    private readonly ConnectionOptions _options;
    private readonly bool _isInitiator;
    private readonly StreamLimits _peerLimits;
    private readonly Queue<ConnectionEvent> _events;
    private readonly Dictionary<ulong, TransportStream> _streams = [];
    private readonly StreamScheduler _scheduler;
    private readonly Queue<TransportStream> _heldByConnection = new();
    private readonly Queue<TransportStream> _control = new();
    private readonly Queue<TransportStream> _writers = new();
    private readonly SendWindow _sendWindow;
    private readonly ReceiveWindow _receiveWindow;
    private readonly StreamCredit _bidirectional;
    private readonly StreamCredit _unidirectional;
    private ulong _receivedBytes;
    private long _bufferedBytes;

    public StreamSet(
        ConnectionOptions options, ConnectionRole role, in StreamLimits peerLimits, Queue<ConnectionEvent> events)
    {
        _options = options;
        _isInitiator = role == ConnectionRole.Initiator;
        _peerLimits = peerLimits;
        _events = events;
        _scheduler = new StreamScheduler(WireLimits.DatagramBytesMin);
        _sendWindow = new SendWindow(peerLimits.ConnectionBytes);
        _receiveWindow = new ReceiveWindow((ulong)options.ConnectionWindowBytes, (ulong)options.ConnectionWindowBytesMax);
        _bidirectional = new StreamCredit(true, _isInitiator, peerLimits.Bidirectional, (ulong)options.StreamsMax);
        _unidirectional = new StreamCredit(false, _isInitiator, peerLimits.Unidirectional, (ulong)options.UnidirectionalStreamsMax);
    }

    /// <summary>The path takes datagrams of this size from now on.</summary>
    public void SetDatagramBytes(int bytes) => _scheduler.SetDatagramBytes(bytes);

    /// <summary>Streams that are not closed: while there are any, the session is kept alive eagerly.</summary>
    public int Count => _streams.Count;

    /// <summary>Whether any stream of a request is open.</summary>
    public bool HasWork
    {
        get
        {
            foreach (TransportStream stream in _streams.Values)
            {
                if (stream.Priority != StreamPriority.Control)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>What a stream may buffer now; the connection lets it follow the congestion window.</summary>
    public int SendBufferBytes { get; set; } = SendBufferBytesMin;

    /// <summary>Null when the peer allows no more streams of this kind; StreamsAvailable tells when it does.</summary>
    public StreamId? Open(StreamPriority priority, bool isBidirectional)
    {
        if (!CreditOf(isBidirectional).TryOpen(out StreamId id))
        {
            return null;
        }
        Create(id, priority).IsAnnounced = true;
        return id;
    }

    /// <summary>Takes what fits the buffers. If that is not all, StreamWritable tells when more does.</summary>
    public int Write(StreamId id, ReadOnlySpan<byte> data)
    {
        if (Find(id) is not { Sender.State: SenderState.Open } stream)
        {
            return 0;
        }
        int count = Math.Min(data.Length, Room(stream));
        if (count > 0)
        {
            stream.Sender.Write(data[..count]);
            _bufferedBytes += count;
            Schedule(stream);
        }
        if (count < data.Length && !stream.IsWriteWanted)
        {
            stream.IsWriteWanted = true;
            _writers.Enqueue(stream);
        }
        return count;
    }

    public void CompleteWrites(StreamId id)
    {
        if (Find(id) is { } stream)
        {
            stream.Sender.Complete();
            Schedule(stream);
        }
    }

    /// <param name="finished">The end was reached; nothing will follow.</param>
    public int Read(StreamId id, Span<byte> target, out bool finished)
    {
        if (Find(id) is not { } stream)
        {
            finished = true;
            return 0;
        }
        if (stream.Receiver.IsStopped || stream.Receiver.State is ReceiverState.Reset or ReceiverState.Absent)
        {
            finished = stream.Receiver.State == ReceiverState.Absent;
            return 0;
        }
        int count = stream.Receiver.Read(target);
        stream.IsReadableTold &= stream.Receiver.Buffer.ReadableBytes > 0;
        ReturnCredit(stream, (ulong)count);
        if (count > 0 && stream.Receiver.WantsMore && stream.Receiver.Window.IsUpdateDue)
        {
            Signal(stream, PendingControl.MaxStreamData);
        }
        finished = stream.Receiver.State == ReceiverState.Finished;
        ForgetIfTerminal(stream);
        return count;
    }

    public void Reset(StreamId id, ulong code)
    {
        if (Find(id) is { } stream)
        {
            ResetSending(stream, code);
        }
    }

    public void StopSending(StreamId id, ulong code)
    {
        if (Find(id) is { } stream && stream.Receiver.TryStop(code))
        {
            DiscardReceived(stream);
            if (!stream.Receiver.IsTerminal)
            {
                Signal(stream, PendingControl.StopSending);
            }
            ForgetIfTerminal(stream);
        }
    }

    /// <summary>Gives all buffers back; the connection is over.</summary>
    public void Release()
    {
        foreach (TransportStream stream in _streams.Values)
        {
            stream.Sender.Buffer.Release();
            stream.Receiver.Buffer.Release();
        }
        _streams.Clear();
        _bufferedBytes = 0;
    }

    private TransportStream? Find(StreamId id) => _streams.GetValueOrDefault(id.Value);

    private StreamCredit CreditOf(bool isBidirectional) => isBidirectional ? _bidirectional : _unidirectional;

    private bool IsOpenedHere(StreamId id) => id.IsOpenedByInitiator == _isInitiator;

    private bool HasSender(StreamId id) => id.IsBidirectional || IsOpenedHere(id);

    private bool HasReceiver(StreamId id) => id.IsBidirectional || !IsOpenedHere(id);

    private TransportStream Create(StreamId id, StreamPriority priority)
    {
        TransportStream stream = new(
            id,
            priority,
            HasSender(id) ? new StreamSender(_peerLimits.StreamBytes) : StreamSender.Absent(),
            HasReceiver(id)
                ? new StreamReceiver((ulong)_options.StreamWindowBytes, (ulong)_options.StreamWindowBytesMax)
                : StreamReceiver.Absent());
        _streams.Add(id.Value, stream);
        return stream;
    }

    private int Room(TransportStream stream)
    {
        long ofStream = SendBufferBytes - stream.Sender.Buffer.BufferedBytes;
        long ofConnection = SendBufferBytesOf(stream.Priority) - _bufferedBytes;
        return (int)Math.Max(0, Math.Min(ofStream, ofConnection));
    }

    /// <summary>Up to where a priority fills the send buffers: an upload leaves room to write tokens in.</summary>
    private int SendBufferBytesOf(StreamPriority priority) =>
        _options.SendBufferBytesMax - (_options.SendBufferBytesMax / SendBufferShares * (int)priority);

    private void ResetSending(TransportStream stream, ulong code)
    {
        int buffered = stream.Sender.Buffer.BufferedBytes;
        if (stream.Sender.TryReset(code))
        {
            _bufferedBytes -= buffered;
            Signal(stream, PendingControl.Reset);
        }
    }

    private void Schedule(TransportStream stream)
    {
        if (stream.Sender.HasUrgent || stream.Sender.HasNew)
        {
            _scheduler.Add(stream);
        }
        else if (stream.Sender.IsBlocked && stream.Sender.Window.TryReportBlocked())
        {
            Signal(stream, PendingControl.Blocked);
        }
    }

    private void Signal(TransportStream stream, PendingControl control)
    {
        stream.Control |= control;
        if (!stream.IsControlQueued)
        {
            stream.IsControlQueued = true;
            _control.Enqueue(stream);
        }
    }

    private void ReturnCredit(TransportStream stream, ulong bytes)
    {
        stream.ReturnedBytes += bytes;
        _receiveWindow.Consume(bytes);
        _maxDataPending |= _receiveWindow.IsUpdateDue;
    }

    /// <summary>Bytes that nobody will read must not shut the connection's window for the other streams.</summary>
    private void DiscardReceived(TransportStream stream) =>
        ReturnCredit(stream, stream.Receiver.HighestOffset - stream.ReturnedBytes);

    private void ForgetIfTerminal(TransportStream stream)
    {
        if (!stream.IsTerminal || !_streams.Remove(stream.Id.Value))
        {
            return;
        }
        if (!IsOpenedHere(stream.Id))
        {
            CreditOf(stream.Id.IsBidirectional).OnClosedByPeer();
        }
    }
}
