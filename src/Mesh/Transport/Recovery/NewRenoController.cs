using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>RFC 9002 section 7: one datagram more each round trip, half at a loss. The yardstick for the others.</summary>
/// <remarks><code>
/// Slow start           -> [loss]                            -> Recovery
/// Recovery             -> [ACK of a packet sent since then] -> Congestion avoidance
/// Congestion avoidance -> [loss of a packet sent since]     -> Recovery
/// any                  -> [persistent congestion]           -> Slow start, from the least window
/// </code></remarks>
internal sealed class NewRenoController(int datagramBytes) : ICongestionController
{
    private long _thresholdBytes = long.MaxValue;
    private long _acknowledgedBytes;
    private Instant? _recoveryStart;

    public long WindowBytes { get; private set; } = (long)CongestionWindow.InitialPackets * datagramBytes;

    public bool IsInSlowStart => WindowBytes < _thresholdBytes;

    public bool IsRecovering(Instant sentAt) => _recoveryStart is { } start && sentAt <= start;

    public void OnAcknowledged(in AckSample sample)
    {
        if (IsRecovering(sample.NewestSentAt))
        {
            return;
        }
        if (IsInSlowStart)
        {
            WindowBytes += sample.BytesAcknowledged;
            return;
        }
        _acknowledgedBytes += sample.BytesAcknowledged;
        if (_acknowledgedBytes >= WindowBytes)
        {
            _acknowledgedBytes -= WindowBytes;
            WindowBytes += datagramBytes;
        }
    }

    public void OnLost(in LossSample sample)
    {
        if (!IsRecovering(sample.NewestSentAt))
        {
            _recoveryStart = sample.Now;
            _acknowledgedBytes = 0;
            WindowBytes = Math.Max(WindowBytes / 2, CongestionWindow.MinimumBytes(datagramBytes));
            _thresholdBytes = WindowBytes;
        }
        if (sample.IsPersistent)
        {
            WindowBytes = CongestionWindow.MinimumBytes(datagramBytes);
            _recoveryStart = null;
        }
    }
}
