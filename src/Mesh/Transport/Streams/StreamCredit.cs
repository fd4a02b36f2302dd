using System.Diagnostics;
using Darkbloom.Protocol.Frames;

namespace Darkbloom.Mesh.Transport.Streams;

/// <summary>Streams of one kind: how many each side has opened and may open, RFC 9000 section 4.6.</summary>
/// <param name="allowedHere">What the peer allows this side at the start.</param>
/// <param name="allowedPeer">What this side allows the peer at the start; each stream of the peer that closes adds one.</param>
internal sealed class StreamCredit(bool isBidirectional, bool isInitiator, ulong allowedHere, ulong allowedPeer)
{
    private bool _isWanted;

    public bool IsBidirectional => isBidirectional;

    public ulong OpenedHere { get; private set; }

    public ulong AllowedHere { get; private set; } = allowedHere;

    public ulong OpenedByPeer { get; private set; }

    public ulong AllowedPeer { get; private set; } = allowedPeer;

    /// <summary>MAX_STREAMS has something new to say.</summary>
    public bool IsLimitPending { get; private set; }

    /// <summary>STREAMS_BLOCKED waits to be said.</summary>
    public bool IsBlockedPending { get; private set; }

    /// <summary>The stream that this side opens next.</summary>
    public StreamId Next => StreamId.Create(OpenedHere, isBidirectional, isInitiator);

    /// <summary>False when the peer allows no more; <see cref="TryRaise"/> tells when it does.</summary>
    public bool TryOpen(out StreamId id)
    {
        id = Next;
        if (OpenedHere >= AllowedHere)
        {
            IsBlockedPending |= !_isWanted;
            _isWanted = true;
            return false;
        }
        OpenedHere++;
        return true;
    }

    /// <summary>Counts the peer's next stream as open; the caller has compared with AllowedPeer.</summary>
    public StreamId OpenByPeer()
    {
        Debug.Assert(OpenedByPeer < AllowedPeer, "The peer opens no more than it may.");
        return StreamId.Create(OpenedByPeer++, isBidirectional, !isInitiator);
    }

    public void OnClosedByPeer()
    {
        AllowedPeer++;
        IsLimitPending = true;
    }

    /// <summary>Takes MAX_STREAMS; true when an open that was refused would now succeed.</summary>
    public bool TryRaise(ulong limit)
    {
        if (limit <= AllowedHere)
        {
            return false;
        }
        AllowedHere = limit;
        bool wasWanted = _isWanted;
        _isWanted = false;
        return wasWanted;
    }

    /// <summary>The peer is stuck at this limit: if it is out of date, the frame that raised it may have been lost.</summary>
    public void OnBlocked(ulong limit) => IsLimitPending |= AllowedPeer > limit;

    public MaxStreamsFrame TakeLimit()
    {
        IsLimitPending = false;
        return new MaxStreamsFrame(isBidirectional, AllowedPeer);
    }

    public StreamsBlockedFrame TakeBlocked()
    {
        IsBlockedPending = false;
        return new StreamsBlockedFrame(isBidirectional, AllowedHere);
    }

    public void OnLimitLost(ulong limit) => IsLimitPending |= limit == AllowedPeer;

    public void OnBlockedLost() => IsBlockedPending |= _isWanted;
}
