using System;
using System.Diagnostics;

namespace Darkbloom.Mesh.Transport.Streams;

/// <summary>The table of a stream's sending half, RFC 9000 section 3.1.</summary>
/// <remarks><code>
/// Open      -> [application completes]       -> Completing  bytes and the end may still have to be sent, or sent again
/// Completing-> [all bytes and the end acknowledged] -> Finished
/// Open      -> [application resets, or the peer stops reading] -> Resetting
/// Completing-> [application resets, or the peer stops reading] -> Resetting
/// Resetting -> [RESET_STREAM acknowledged]   -> Reset
/// Absent is where a peer's unidirectional stream stays.
/// </code></remarks>
internal enum SenderState
{
    Open,
    Completing,
    Resetting,
    Finished,
    Reset,
    Absent,
}

/// <summary>The sending half of one stream.</summary>
internal sealed class StreamSender(ulong initialLimit)
{
    private bool _isEndQueued;
    private bool _isEndAcknowledged;

    public SenderState State { get; private set; } = SenderState.Open;

    public SendBuffer Buffer { get; } = new();

    public SendWindow Window { get; } = new(initialLimit);

    /// <summary>Why the stream was reset; meaningful from Resetting on.</summary>
    public ulong ResetCode { get; private set; }

    public bool IsTerminal => State is SenderState.Finished or SenderState.Reset or SenderState.Absent;

    /// <summary>The half that a peer's unidirectional stream lacks.</summary>
    public static StreamSender Absent() => new(0) { State = SenderState.Absent };

    /// <summary>Something may be sent that no flow control holds back.</summary>
    public bool HasUrgent => State is SenderState.Open or SenderState.Completing && (Buffer.HasLost || (_isEndQueued && !Buffer.HasUnsent));

    /// <summary>New bytes wait and this stream's own window is open.</summary>
    public bool HasNew => State is SenderState.Open or SenderState.Completing && Buffer.HasUnsent && Window.Available > 0;

    public bool IsBlocked => State is SenderState.Open or SenderState.Completing && Buffer.HasUnsent && Window.Available == 0;

    public void Write(ReadOnlySpan<byte> data)
    {
        Debug.Assert(State == SenderState.Open, "The stream set refuses other writes.");
        Buffer.Write(data);
    }

    public void Complete()
    {
        if (State == SenderState.Open)
        {
            State = SenderState.Completing;
            _isEndQueued = true;
        }
    }

    /// <summary>True when there was anything left to reset.</summary>
    public bool TryReset(ulong code)
    {
        if (State is not (SenderState.Open or SenderState.Completing))
        {
            return false;
        }
        ResetCode = code;
        State = SenderState.Resetting;
        FinalSize = Buffer.Sent;
        _isEndQueued = false;
        Buffer.Release();
        return true;
    }

    /// <summary>Bytes sent before the reset; set by it.</summary>
    public ulong FinalSize { get; private set; }

    /// <summary>Chooses the next bytes, the end, or both. False when the room or the windows allow nothing.</summary>
    /// <param name="connectionBytes">What the connection's window still allows of new bytes.</param>
    public bool TryTake(int bytesMax, ulong connectionBytes, out ulong offset, out int length, out bool isFinal, out ulong newBytes)
    {
        ulong sentBefore = Buffer.Sent;
        ulong limit = sentBefore + Math.Min(Window.Available, connectionBytes);
        if (!Buffer.TryTake(bytesMax, limit, out offset, out length))
        {
            offset = Buffer.Sent;
        }
        newBytes = Buffer.Sent - sentBefore;
        Window.Use(newBytes);
        isFinal = _isEndQueued && offset + (ulong)length == Buffer.End && !Buffer.HasUnsent;
        _isEndQueued &= !isFinal;
        return length > 0 || isFinal;
    }

    public void OnAcknowledged(ulong offset, int length, bool isFinal)
    {
        if (State is not (SenderState.Open or SenderState.Completing))
        {
            return;
        }
        Buffer.OnAcknowledged(offset, length);
        if (isFinal)
        {
            _isEndAcknowledged = true;
            _isEndQueued = false;
        }
        if (_isEndAcknowledged && Buffer.IsAllAcknowledged)
        {
            State = SenderState.Finished;
            Buffer.Release();
        }
    }

    public void OnLost(ulong offset, int length, bool isFinal)
    {
        if (State is not (SenderState.Open or SenderState.Completing))
        {
            return;
        }
        Buffer.OnLost(offset, length);
        _isEndQueued |= isFinal && !_isEndAcknowledged;
    }

    public void OnResetAcknowledged()
    {
        Debug.Assert(State is SenderState.Resetting or SenderState.Reset, "Only a reset that was sent is acknowledged.");
        State = SenderState.Reset;
    }
}
