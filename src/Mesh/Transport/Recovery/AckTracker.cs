using System;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>Remembers which packets arrived and when the peer must hear of it: RFC 9000 section 13.2.</summary>
/// <remarks><code>
/// Quiet   -> [the very first packet]                  -> Due       the peer's first sample of the RTT is a clean one
/// Quiet   -> [a packet that asks]                     -> Delayed   at most MaxAckDelay
/// Delayed -> [as many as the peer wants, or the deadline] -> Due    two, until ACK_FREQUENCY says otherwise
/// any     -> [a gap opens or closes]                  -> Due       the sender learns of a loss a round trip early
/// any     -> [an ACK is written]                      -> Quiet
/// </code></remarks>
internal sealed class AckTracker(TimeSpan maxAckDelay)
{
    /// <summary>Packets that ask for an acknowledgement until one is sent.</summary>
    public const int PacketsPerAck = 2;

    /// <summary>As many as a peer can wish for: fewer ACKs save nothing and make its bursts longer.</summary>
    public const int PacketsPerAckMax = 64;

    private const long NanosecondsPerMicrosecond = 1000;

    private readonly RangeSet _received = new();
    private readonly PacketRange[] _ranges = new PacketRange[AckFrame.RangesMax];
    private ulong _unacknowledged;
    private ulong _largest;
    private Instant _largestReceivedAt;
    private ulong _packetsPerAck = PacketsPerAck;
    private readonly TimeSpan _delayMax = maxAckDelay;
    private TimeSpan _delay = maxAckDelay;
    private ulong _nextWish;

    /// <summary>When an ACK must go even if nothing else does; null while the peer waits for none.</summary>
    public Instant? Deadline { get; private set; }

    /// <summary>An ACK is worth its bytes in a packet that is sent anyway.</summary>
    public bool IsPending => _unacknowledged > 0;

    public bool IsDue(Instant now) => Deadline is { } deadline && deadline <= now;

    /// <param name="asksForAck">The packet held something other than ACK, PADDING and CLOSE.</param>
    public void OnReceived(Instant now, ulong number, bool asksForAck)
    {
        bool isFirst = _received.IsEmpty;
        bool isInOrder = !isFirst && number == _largest + 1;
        if (isFirst || number > _largest)
        {
            _largest = number;
            _largestReceivedAt = now;
        }
        _ = _received.Add(number, number + 1);
        if (_received.Count > AckFrame.RangesMax)
        {
            _received.RemoveAt(0);
        }
        if (!asksForAck)
        {
            return;
        }
        _unacknowledged++;
        Deadline = !isInOrder || _unacknowledged >= _packetsPerAck ? now : Instant.Earlier(Deadline, now + _delay);
    }

    /// <summary>The peer wishes to hear less often, or sooner; never later than the handshake said.</summary>
    public void OnFrequency(in AckFrequencyFrame frame)
    {
        if (frame.Sequence < _nextWish)
        {
            return;
        }
        _nextWish = frame.Sequence + 1;
        _packetsPerAck = Math.Clamp(frame.PacketsPerAck, 1, PacketsPerAckMax);
        TimeSpan delay = TimeSpan.FromMicroseconds(Math.Min(frame.DelayMicroseconds, (ulong)_delayMax.TotalMicroseconds));
        _delay = RttEstimator.Max(delay, RttEstimator.Min(RttEstimator.Granularity, _delayMax));
    }

    /// <summary>The frame to send now; it refers to memory of this class, so it is written before anything else is told.</summary>
    public AckFrame Compose(Instant now)
    {
        int count = Math.Min(_received.Count, AckFrame.RangesMax);
        for (int i = 0; i < count; i++)
        {
            NumberRange run = _received[_received.Count - 1 - i];
            _ranges[i] = new PacketRange(run.Start, run.End - 1);
        }
        long waited = Math.Max(0, now.Nanoseconds - _largestReceivedAt.Nanoseconds);
        return new AckFrame(_ranges.AsSpan(0, count), (ulong)(waited / NanosecondsPerMicrosecond));
    }

    public void OnAckSent()
    {
        _unacknowledged = 0;
        Deadline = null;
    }

    /// <summary>The peer has seen an ACK with this largest number: what lies below needs no repeating.</summary>
    public void OnAckAcknowledged(ulong largest) => _received.Remove(0, largest);
}
