using System;
using System.Diagnostics;
using Darkbloom.Mesh.Transport.Recovery;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Mesh.Transport.Streams;

/// <summary>The frames that this side sends about streams, and what becomes of them.</summary>
internal sealed partial class StreamSet
{
    /// <summary>No frame written here, bytes of streams apart, is longer: type and three variable-length integers.</summary>
    private const int ControlFrameBytesMax = 1 + (3 * VarInt.BytesMax);

    /// <summary>Less room than this is left empty: the frame's header would cost more than its bytes are worth.</summary>
    private const int StreamFrameBytesMin = 32;

    private bool _maxDataPending;
    private bool _dataBlockedPending;

    public bool HasPendingControl =>
        _maxDataPending || _dataBlockedPending || _control.Count > 0
        || _bidirectional.IsLimitPending || _bidirectional.IsBlockedPending
        || _unidirectional.IsLimitPending || _unidirectional.IsBlockedPending;

    /// <summary>Bytes or ends wait that no flow control holds back.</summary>
    public bool HasPendingData => !_scheduler.IsEmpty;

    /// <summary>Writes limits, resets and the like, as far as there is room.</summary>
    public void WriteControl(Instant now, TimeSpan smoothedRtt, ref WireWriter writer, SentFrameLists lists, ref int list)
    {
        WriteConnectionControl(now, smoothedRtt, ref writer, lists, ref list);
        while (_control.Count > 0 && writer.Remaining >= 4 * ControlFrameBytesMax)
        {
            TransportStream stream = _control.Dequeue();
            stream.IsControlQueued = false;
            WriteStreamControl(now, smoothedRtt, stream, ref writer, lists, ref list);
        }
    }

    /// <summary>Fills the packet with bytes of streams, most urgent first.</summary>
    public void WriteData(ref WireWriter writer, SentFrameLists lists, ref int list)
    {
        while (writer.Remaining >= StreamFrameBytesMin && _scheduler.TryTake(out TransportStream? stream))
        {
            Debug.Assert(stream is not null, "A taken stream exists.");
            if (!stream.Sender.HasUrgent && !stream.Sender.HasNew)
            {
                Schedule(stream);
                continue;
            }
            if (!stream.Sender.HasUrgent && _sendWindow.Available == 0)
            {
                Hold(stream);
                _dataBlockedPending |= _sendWindow.TryReportBlocked();
                continue;
            }
            WriteStreamFrame(stream, ref writer, lists, ref list);
            Schedule(stream);
        }
    }

    /// <summary>Sets a stream aside until MAX_DATA rises; however often its application writes, it stands there once.</summary>
    private void Hold(TransportStream stream)
    {
        if (!stream.IsHeld)
        {
            stream.IsHeld = true;
            _heldByConnection.Enqueue(stream);
        }
    }

    /// <summary>Settles a frame that arrived.</summary>
    public void OnAcknowledged(in SentFrame frame)
    {
        if (frame.Stream is not { } stream)
        {
            return;
        }
        switch (frame.Kind)
        {
            case SentFrameKind.Stream:
                OnBytesAcknowledged(stream, frame);
                break;
            case SentFrameKind.ResetStream:
                stream.Sender.OnResetAcknowledged();
                ForgetIfTerminal(stream);
                break;
            default:
                break;
        }
    }

    /// <summary>Queues what a lost frame said, if it still needs saying.</summary>
    public void OnLost(in SentFrame frame)
    {
        switch (frame.Kind)
        {
            case SentFrameKind.Stream:
                frame.Stream!.Sender.OnLost(frame.Value, frame.Length, frame.IsFinal);
                Schedule(frame.Stream);
                break;
            case SentFrameKind.ResetStream when frame.Stream!.Sender.State == SenderState.Resetting:
                Signal(frame.Stream, PendingControl.Reset);
                break;
            case SentFrameKind.StopSending when !frame.Stream!.Receiver.IsTerminal:
                Signal(frame.Stream, PendingControl.StopSending);
                break;
            case SentFrameKind.MaxStreamData when frame.Stream!.Receiver.WantsMore && frame.Value == frame.Stream.Receiver.Window.Limit:
                Signal(frame.Stream, PendingControl.MaxStreamData);
                break;
            case SentFrameKind.StreamDataBlocked:
                frame.Stream!.Sender.Window.ForgetReport(frame.Value);
                Schedule(frame.Stream);
                break;
            case SentFrameKind.MaxData:
                _maxDataPending |= frame.Value == _receiveWindow.Limit;
                break;
            case SentFrameKind.MaxStreamsBidirectional or SentFrameKind.MaxStreamsUnidirectional:
                CreditOf(frame.Kind == SentFrameKind.MaxStreamsBidirectional).OnLimitLost(frame.Value);
                break;
            case SentFrameKind.DataBlocked:
                _sendWindow.ForgetReport(frame.Value);
                _dataBlockedPending |= _heldByConnection.Count > 0 && _sendWindow.TryReportBlocked();
                break;
            case SentFrameKind.StreamsBlockedBidirectional or SentFrameKind.StreamsBlockedUnidirectional:
                CreditOf(frame.Kind == SentFrameKind.StreamsBlockedBidirectional).OnBlockedLost();
                break;
            default:
                break;
        }
    }

    /// <summary>Tells writers that were turned away and now have room worth waking for.</summary>
    public void TellWritable()
    {
        for (int i = _writers.Count; i > 0; i--)
        {
            TransportStream stream = _writers.Dequeue();
            if (stream.Sender.State != SenderState.Open)
            {
                stream.IsWriteWanted = false;
            }
            else if (Room(stream) >= RoomWorthWaking(stream))
            {
                stream.IsWriteWanted = false;
                _events.Enqueue(new ConnectionEvent(ConnectionEventKind.StreamWritable, stream.Id));
            }
            else
            {
                _writers.Enqueue(stream);
            }
        }
    }

    private int RoomWorthWaking(TransportStream stream) =>
        Math.Min(WritableBytes, Math.Min(SendBufferBytes, SendBufferBytesOf(stream.Priority)) / 2);

    private void WriteConnectionControl(
        Instant now, TimeSpan smoothedRtt, ref WireWriter writer, SentFrameLists lists, ref int list)
    {
        if (writer.Remaining < 4 * ControlFrameBytesMax)
        {
            return;
        }
        if (_maxDataPending)
        {
            _maxDataPending = false;
            MaxDataFrame frame = new(_receiveWindow.Update(now, smoothedRtt));
            frame.Write(ref writer);
            list = lists.Add(list, new SentFrame(SentFrameKind.MaxData, Value: frame.Maximum));
        }
        if (_dataBlockedPending)
        {
            _dataBlockedPending = false;
            new DataBlockedFrame(_sendWindow.Limit).Write(ref writer);
            list = lists.Add(list, new SentFrame(SentFrameKind.DataBlocked, Value: _sendWindow.Limit));
        }
        WriteCredit(_bidirectional, ref writer, lists, ref list);
        WriteCredit(_unidirectional, ref writer, lists, ref list);
    }

    private static void WriteCredit(StreamCredit credit, ref WireWriter writer, SentFrameLists lists, ref int list)
    {
        if (credit.IsLimitPending)
        {
            MaxStreamsFrame frame = credit.TakeLimit();
            frame.Write(ref writer);
            SentFrameKind kind = credit.IsBidirectional ? SentFrameKind.MaxStreamsBidirectional : SentFrameKind.MaxStreamsUnidirectional;
            list = lists.Add(list, new SentFrame(kind, Value: frame.Maximum));
        }
        if (credit.IsBlockedPending)
        {
            StreamsBlockedFrame frame = credit.TakeBlocked();
            frame.Write(ref writer);
            SentFrameKind kind = credit.IsBidirectional ? SentFrameKind.StreamsBlockedBidirectional : SentFrameKind.StreamsBlockedUnidirectional;
            list = lists.Add(list, new SentFrame(kind, Value: frame.Limit));
        }
    }

    private static void WriteStreamControl(
        Instant now, TimeSpan smoothedRtt, TransportStream stream, ref WireWriter writer, SentFrameLists lists, ref int list)
    {
        PendingControl control = stream.Control;
        stream.Control = PendingControl.None;
        if ((control & PendingControl.Reset) != 0)
        {
            new ResetStreamFrame(stream.Id, stream.Sender.ResetCode, stream.Sender.FinalSize).Write(ref writer);
            list = lists.Add(list, new SentFrame(SentFrameKind.ResetStream, stream));
        }
        if ((control & PendingControl.StopSending) != 0 && !stream.Receiver.IsTerminal)
        {
            new StopSendingFrame(stream.Id, stream.Receiver.StopCode).Write(ref writer);
            list = lists.Add(list, new SentFrame(SentFrameKind.StopSending, stream));
        }
        if ((control & PendingControl.MaxStreamData) != 0 && stream.Receiver.WantsMore)
        {
            MaxStreamDataFrame frame = new(stream.Id, stream.Receiver.Window.Update(now, smoothedRtt));
            frame.Write(ref writer);
            list = lists.Add(list, new SentFrame(SentFrameKind.MaxStreamData, stream, frame.Maximum));
        }
        if ((control & PendingControl.Blocked) != 0 && stream.Sender.IsBlocked)
        {
            ulong limit = stream.Sender.Window.Limit;
            new StreamDataBlockedFrame(stream.Id, limit).Write(ref writer);
            list = lists.Add(list, new SentFrame(SentFrameKind.StreamDataBlocked, stream, limit));
        }
    }

    private void WriteStreamFrame(TransportStream stream, ref WireWriter writer, SentFrameLists lists, ref int list)
    {
        int room = writer.Remaining - StreamFrame.HeaderLength(stream.Id, VarInt.MaxValue, writer.Remaining);
        if (!stream.Sender.TryTake(room, _sendWindow.Available, out ulong offset, out int length, out bool isFinal, out ulong newBytes))
        {
            return;
        }
        _sendWindow.Use(newBytes);
        Span<byte> data = StreamFrame.WriteHeader(ref writer, stream.Id, offset, (int)stream.Priority, isFinal, length);
        stream.Sender.Buffer.Copy(offset, data);
        list = lists.Add(list, new SentFrame(SentFrameKind.Stream, stream, offset, length, isFinal));
        _scheduler.Charge(stream.Priority, length);
    }

    private void OnBytesAcknowledged(TransportStream stream, in SentFrame frame)
    {
        int before = stream.Sender.Buffer.BufferedBytes;
        SenderState state = stream.Sender.State;
        stream.Sender.OnAcknowledged(frame.Value, frame.Length, frame.IsFinal);
        _bufferedBytes -= before - stream.Sender.Buffer.BufferedBytes;
        if (state != SenderState.Finished && stream.Sender.State == SenderState.Finished)
        {
            _events.Enqueue(new ConnectionEvent(ConnectionEventKind.StreamFinished, stream.Id));
            ForgetIfTerminal(stream);
        }
    }
}
