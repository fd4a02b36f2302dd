using System;
using Darkbloom.Protocol.Frames;

namespace Darkbloom.Mesh.Transport.Streams;

/// <summary>The table of a stream's receiving half, RFC 9000 section 3.2.</summary>
/// <remarks><code>
/// Open      -> [a frame with the end arrives]     -> SizeKnown  bytes before the end may still be missing
/// SizeKnown -> [application has read to the end]  -> Finished
/// Open      -> [RESET_STREAM]                     -> Reset      unread bytes are dropped
/// SizeKnown -> [RESET_STREAM]                     -> Reset
/// SizeKnown -> [application stopped reading]      -> Finished   nobody will read what is missing
/// Absent is where a unidirectional stream of this side stays.
/// </code></remarks>
internal enum ReceiverState
{
    Open,
    SizeKnown,
    Finished,
    Reset,
    Absent,
}

/// <summary>The receiving half of one stream.</summary>
internal sealed class StreamReceiver(ulong initialWindow, ulong maxWindow)
{
    private static readonly TransportViolation s_beyondLimit =
        new(TransportErrorCode.FlowControl, "bytes beyond MAX_STREAM_DATA");
    private static readonly TransportViolation s_beyondEnd =
        new(TransportErrorCode.FinalSize, "bytes beyond the end of a stream");
    private static readonly TransportViolation s_movedEnd =
        new(TransportErrorCode.FinalSize, "the end of a stream moved");

    private ulong? _finalSize;

    public ReceiverState State { get; private set; } = ReceiverState.Open;

    public ReceiveBuffer Buffer { get; } = new();

    public ReceiveWindow Window { get; } = new(initialWindow, maxWindow);

    /// <summary>The highest offset that counts as received; the connection's window counts the sum of these.</summary>
    public ulong HighestOffset { get; private set; }

    public bool IsStopped { get; private set; }

    /// <summary>Meaningful once IsStopped.</summary>
    public ulong StopCode { get; private set; }

    public bool IsTerminal => State is ReceiverState.Finished or ReceiverState.Reset or ReceiverState.Absent;

    /// <summary>The half that a unidirectional stream of this side lacks.</summary>
    public static StreamReceiver Absent() => new(0, 0) { State = ReceiverState.Absent };

    public bool IsAtEnd => _finalSize == Buffer.ReadOffset;

    /// <summary>The peer could send more if it were allowed to.</summary>
    public bool WantsMore => State == ReceiverState.Open && !IsStopped;

    /// <summary>Checks a frame's extent against the limit and the end. Null when it is in order.</summary>
    public TransportViolation? Check(ulong end, bool isFinal)
    {
        if (end > Window.Limit)
        {
            return s_beyondLimit;
        }
        if (_finalSize is { } size)
        {
            return end > size ? s_beyondEnd : isFinal && end != size ? s_movedEnd : null;
        }
        return isFinal && end < HighestOffset ? s_movedEnd : null;
    }

    /// <summary>Takes a checked frame; false when it holds too many holes open and must come again.</summary>
    public bool TryAccept(ulong offset, ReadOnlySpan<byte> data, bool isFinal)
    {
        ulong end = offset + (ulong)data.Length;
        if (IsTerminal)
        {
            return true;
        }
        if (!IsStopped && !Buffer.TryInsert(offset, data))
        {
            return false;
        }
        HighestOffset = Math.Max(HighestOffset, end);
        if (isFinal)
        {
            _finalSize = end;
            State = IsStopped ? ReceiverState.Finished : ReceiverState.SizeKnown;
        }
        return true;
    }

    public int Read(Span<byte> target)
    {
        int count = Buffer.Read(target);
        Window.Consume((ulong)count);
        if (State == ReceiverState.SizeKnown && IsAtEnd)
        {
            State = ReceiverState.Finished;
            Buffer.Release();
        }
        return count;
    }

    /// <summary>The peer gave up. The reset was checked like a frame that ends there.</summary>
    public void OnReset(ulong finalSize)
    {
        _finalSize = finalSize;
        HighestOffset = finalSize;
        State = ReceiverState.Reset;
        Buffer.Release();
    }

    /// <summary>The application reads no more. False when there was nothing left to stop.</summary>
    public bool TryStop(ulong code)
    {
        if (IsTerminal || IsStopped)
        {
            return false;
        }
        IsStopped = true;
        StopCode = code;
        Buffer.Release();
        if (State == ReceiverState.SizeKnown)
        {
            State = ReceiverState.Finished;
        }
        return true;
    }
}
