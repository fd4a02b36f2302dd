using Darkbloom.Protocol.Frames;

namespace Darkbloom.Mesh.Transport.Streams;

/// <summary>The frames that a peer sends about streams. Each returns what is wrong with it, or null.</summary>
internal sealed partial class StreamSet
{
    private static readonly TransportViolation s_wrongDirection =
        new(TransportErrorCode.StreamState, "a unidirectional stream used against its direction");
    private static readonly TransportViolation s_neverOpened =
        new(TransportErrorCode.StreamState, "a stream that this side never opened");
    private static readonly TransportViolation s_tooManyStreams =
        new(TransportErrorCode.StreamLimit, "more streams than MAX_STREAMS");
    private static readonly TransportViolation s_tooManyBytes =
        new(TransportErrorCode.FlowControl, "bytes beyond MAX_DATA");

    /// <param name="mustComeAgain">The frame is in order but can't be taken now: its packet must stay unacknowledged.</param>
    public TransportViolation? OnStream(in StreamFrame frame, out bool mustComeAgain)
    {
        mustComeAgain = false;
        if (TryFindReceiving(frame.Id, out TransportStream? stream) is { } violation)
        {
            return violation;
        }
        if (stream is null)
        {
            return null;
        }
        Announce(stream, (StreamPriority)frame.Priority);
        ulong end = frame.Offset + (ulong)frame.Data.Length;
        if (stream.Receiver.IsTerminal)
        {
            return null;
        }
        if ((stream.Receiver.Check(end, frame.IsFinal) ?? CheckConnection(stream, end)) is { } excess)
        {
            return excess;
        }
        ulong before = stream.Receiver.HighestOffset;
        if (!stream.Receiver.TryAccept(frame.Offset, frame.Data, frame.IsFinal))
        {
            mustComeAgain = true;
            return null;
        }
        _receivedBytes += stream.Receiver.HighestOffset - before;
        if (stream.Receiver.IsStopped)
        {
            DiscardReceived(stream);
            ForgetIfTerminal(stream);
        }
        else
        {
            TellReadable(stream);
        }
        return null;
    }

    public TransportViolation? OnResetStream(in ResetStreamFrame frame)
    {
        if (TryFindReceiving(frame.Id, out TransportStream? stream) is { } violation)
        {
            return violation;
        }
        if (stream is null || stream.Receiver.IsTerminal)
        {
            return null;
        }
        Announce(stream, null);
        if ((stream.Receiver.Check(frame.FinalSize, isFinal: true) ?? CheckConnection(stream, frame.FinalSize)) is { } excess)
        {
            return excess;
        }
        _receivedBytes += frame.FinalSize - stream.Receiver.HighestOffset;
        stream.Receiver.OnReset(frame.FinalSize);
        DiscardReceived(stream);
        if (!stream.Receiver.IsStopped)
        {
            _events.Enqueue(new ConnectionEvent(ConnectionEventKind.StreamReset, stream.Id, frame.Code));
        }
        ForgetIfTerminal(stream);
        return null;
    }

    public TransportViolation? OnStopSending(in StopSendingFrame frame)
    {
        if (TryFindSending(frame.Id, out TransportStream? stream) is { } violation)
        {
            return violation;
        }
        if (stream is null || stream.Sender.State is not (SenderState.Open or SenderState.Completing))
        {
            return null;
        }
        Announce(stream, null);
        ResetSending(stream, frame.Code);
        _events.Enqueue(new ConnectionEvent(ConnectionEventKind.StreamStopped, stream.Id, frame.Code));
        return null;
    }

    public TransportViolation? OnMaxStreamData(in MaxStreamDataFrame frame)
    {
        if (TryFindSending(frame.Id, out TransportStream? stream) is { } violation)
        {
            return violation;
        }
        if (stream is not null && stream.Sender.Window.TryRaise(frame.Maximum))
        {
            Schedule(stream);
        }
        return null;
    }

    /// <summary>The peer is stuck: if a limit could be higher, a frame that said so may have been lost, so say it again.</summary>
    public TransportViolation? OnStreamDataBlocked(in StreamDataBlockedFrame frame)
    {
        if (TryFindReceiving(frame.Id, out TransportStream? stream) is { } violation)
        {
            return violation;
        }
        if (stream is { Receiver.WantsMore: true } && stream.Receiver.Window.Limit > frame.Limit)
        {
            Signal(stream, PendingControl.MaxStreamData);
        }
        return null;
    }

    public void OnMaxData(in MaxDataFrame frame)
    {
        if (!_sendWindow.TryRaise(frame.Maximum))
        {
            return;
        }
        while (_heldByConnection.TryDequeue(out TransportStream? stream))
        {
            stream.IsHeld = false;
            Schedule(stream);
        }
    }

    public void OnMaxStreams(in MaxStreamsFrame frame)
    {
        StreamCredit credit = CreditOf(frame.IsBidirectional);
        if (credit.TryRaise(frame.Maximum))
        {
            _events.Enqueue(new ConnectionEvent(ConnectionEventKind.StreamsAvailable, credit.Next));
        }
    }

    public void OnDataBlocked(in DataBlockedFrame frame) => _maxDataPending |= _receiveWindow.Limit > frame.Limit;

    public void OnStreamsBlocked(in StreamsBlockedFrame frame) => CreditOf(frame.IsBidirectional).OnBlocked(frame.Limit);

    /// <summary>Finds the stream whose bytes the peer sends.</summary>
    private TransportViolation? TryFindReceiving(StreamId id, out TransportStream? stream)
    {
        stream = null;
        return HasReceiver(id) ? TryFind(id, out stream) : s_wrongDirection;
    }

    /// <summary>Finds the stream whose bytes the peer receives.</summary>
    private TransportViolation? TryFindSending(StreamId id, out TransportStream? stream)
    {
        stream = null;
        return HasSender(id) ? TryFind(id, out stream) : s_wrongDirection;
    }

    /// <summary>Finds the stream, opening it and all below it if the peer may. Null without a violation: closed long ago.</summary>
    private TransportViolation? TryFind(StreamId id, out TransportStream? stream)
    {
        stream = Find(id);
        if (stream is not null)
        {
            return null;
        }
        StreamCredit credit = CreditOf(id.IsBidirectional);
        if (IsOpenedHere(id))
        {
            return id.Index < credit.OpenedHere ? null : s_neverOpened;
        }
        if (id.Index >= credit.AllowedPeer)
        {
            return s_tooManyStreams;
        }
        while (credit.OpenedByPeer <= id.Index)
        {
            stream = Create(credit.OpenByPeer(), StreamPriority.Prompts);
        }
        return null;
    }

    private TransportViolation? CheckConnection(TransportStream stream, ulong end)
    {
        ulong fresh = end > stream.Receiver.HighestOffset ? end - stream.Receiver.HighestOffset : 0;
        return _receivedBytes + fresh > _receiveWindow.Limit ? s_tooManyBytes : null;
    }

    private void Announce(TransportStream stream, StreamPriority? priority)
    {
        if (stream.IsAnnounced)
        {
            return;
        }
        stream.IsAnnounced = true;
        stream.Priority = priority ?? stream.Priority;
        _events.Enqueue(new ConnectionEvent(ConnectionEventKind.StreamOpened, stream.Id));
    }

    private void TellReadable(TransportStream stream)
    {
        StreamReceiver receiver = stream.Receiver;
        bool isReadable = receiver.Buffer.ReadableBytes > 0 || (receiver.State == ReceiverState.SizeKnown && receiver.IsAtEnd);
        if (isReadable && !stream.IsReadableTold)
        {
            stream.IsReadableTold = true;
            _events.Enqueue(new ConnectionEvent(ConnectionEventKind.StreamReadable, stream.Id));
        }
    }
}
