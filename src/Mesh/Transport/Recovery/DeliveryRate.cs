using System;
using System.Diagnostics;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>Measures how fast the path delivers: draft-cheng-iccrg-delivery-rate-estimation.</summary>
/// <remarks>
/// Each packet carries the counters of the moment it left. Its acknowledgement then says how much was delivered in
/// between; the interval is the longer of sending and acknowledging, so that ACKs that arrive in a bunch don't
/// exaggerate. Samples of packets that left while the application had nothing more to send are marked: they say what
/// the application asked for, not what the path has.
/// </remarks>
internal sealed class DeliveryRate
{
    private long _delivered;
    private Instant _deliveredAt;
    private Instant _firstSentAt;
    private long _lost;
    private long _applicationLimitedUntil;
    private long _windowLimitedUntil;
    private SentPacket _newest;
    private bool _hasNewest;

    public bool IsApplicationLimited => _applicationLimitedUntil > 0;

    public bool IsWindowLimited => _delivered < _windowLimitedUntil;

    /// <summary>The application has nothing to send although the window has room.</summary>
    public void OnApplicationLimited(long bytesInFlight) => _applicationLimitedUntil = Math.Max(_delivered + bytesInFlight, 1);

    /// <summary>The window holds back what the application has to send.</summary>
    public void OnWindowLimited(long bytesInFlight) => _windowLimitedUntil = _delivered + bytesInFlight;

    /// <summary>Notes the counters in a packet that is about to leave.</summary>
    /// <param name="bytesInFlight">Without this packet.</param>
    public void OnSent(ref SentPacket packet, long bytesInFlight)
    {
        if (bytesInFlight == 0)
        {
            _firstSentAt = packet.SentAt;
            _deliveredAt = packet.SentAt;
        }
        packet.FirstSentAt = _firstSentAt;
        packet.DeliveredAt = _deliveredAt;
        packet.Delivered = _delivered;
        packet.LostBefore = _lost;
        packet.BytesInFlight = bytesInFlight + packet.Bytes;
        packet.IsApplicationLimited = IsApplicationLimited;
    }

    /// <summary>Counts one packet that an ACK names; <see cref="TakeSample"/> follows after the last of the ACK.</summary>
    public void OnAcknowledged(Instant now, in SentPacket packet)
    {
        _delivered += packet.Bytes;
        _deliveredAt = now;
        if (!_hasNewest || packet.SentAt > _newest.SentAt
            || (packet.SentAt == _newest.SentAt && packet.Number > _newest.Number))
        {
            _hasNewest = true;
            _newest = packet;
        }
    }

    /// <summary>Counts a lost packet and says how much was lost since it left, itself included.</summary>
    public long OnLost(in SentPacket packet)
    {
        _lost += packet.Bytes;
        return _lost - packet.LostBefore;
    }

    /// <summary>The sample of the newest packet that the ACK named.</summary>
    /// <param name="minimumRtt">A shorter interval is an artefact of ACKs that were held up.</param>
    public RateSample TakeSample(Instant now, TimeSpan minimumRtt)
    {
        Debug.Assert(_hasNewest, "An ACK that acknowledges nothing has no sample.");
        _hasNewest = false;
        if (_delivered > _applicationLimitedUntil)
        {
            _applicationLimitedUntil = 0;
        }
        _firstSentAt = _newest.SentAt;
        TimeSpan interval = RttEstimator.Max(_newest.SentAt - _newest.FirstSentAt, now - _newest.DeliveredAt);
        long delivered = _delivered - _newest.Delivered;
        double rate = interval > TimeSpan.Zero && interval >= minimumRtt ? delivered / interval.TotalSeconds : 0;
        return new RateSample(
            rate,
            delivered,
            _newest.Delivered,
            _delivered,
            _newest.BytesInFlight,
            _lost - _newest.LostBefore,
            _newest.IsApplicationLimited);
    }
}
