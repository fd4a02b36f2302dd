using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>CUBIC, RFC 9438: the window is a cubic function of the time since the last loss, whatever the round trip.</summary>
/// <remarks><code>
/// Slow start           -> [loss]                            -> Recovery               the window falls to 0.7 of itself
/// Slow start           -> [HyStart++ is finished]           -> Congestion avoidance   the queue has begun to fill
/// Recovery             -> [ACK of a packet sent since then] -> Congestion avoidance   a new epoch begins
/// Recovery             -> [all its losses were spurious]    -> what it was before
/// Congestion avoidance -> [loss of a packet sent since]     -> Recovery
/// any                  -> [persistent congestion]           -> Slow start, from the least window
/// </code></remarks>
internal sealed class CubicController(int datagramBytes) : ICongestionController
{
    private const double Beta = 0.7;
    private const double C = 0.4;
    private const double FriendlyGain = 3 * (1 - Beta) / (1 + Beta);

    /// <summary>A window of one round trip, paced a little faster, is used up before it is over.</summary>
    private const double PacingGain = 1.25;
    private const double SlowStartPacingGain = 2.0;

    private HyStart _hyStart = new();
    private int _datagramBytes = datagramBytes;
    private Curve _curve = new(CongestionWindow.InitialBytes(datagramBytes), double.PositiveInfinity);
    private Curve _beforeLoss;
    private Instant? _recoveryStart;

    public long WindowBytes => (long)_curve.Window;

    public double PaceBytesPerSecond { get; private set; } = CongestionWindow.InitialPace(datagramBytes);

    public bool IsInSlowStart => _curve.Window < _curve.Threshold;

    public void SetDatagramBytes(int datagramBytes) => _datagramBytes = datagramBytes;

    public void OnSent(Instant now, long bytesInFlight, bool isApplicationLimited)
    {
    }

    public void OnAcknowledged(in AckSample sample)
    {
        if (!IsRecovering(sample.NewestSentAt) && sample.BytesOfFullWindow > 0)
        {
            Grow(sample);
        }
        double gain = IsInSlowStart ? SlowStartPacingGain : PacingGain;
        PaceBytesPerSecond = gain * _curve.Window / Math.Max(sample.SmoothedRtt.TotalSeconds, 1e-6);
    }

    public void OnLost(in LossSample sample)
    {
        if (IsRecovering(sample.SentAt))
        {
            return;
        }
        _hyStart.OnLost();
        _beforeLoss = _curve;
        _recoveryStart = sample.Now;
        double window = _curve.Window;
        double reduced = Math.Max(window * Beta, CongestionWindow.MinimumBytes(_datagramBytes));

        // Section 4.7, fast convergence: a flow that lost below its last peak makes room for newcomers.
        _curve = new Curve(reduced, reduced)
        {
            WindowMax = window < _curve.WindowMax ? window * (1 + Beta) / 2 : window,
        };
    }

    /// <summary>Section 4.9.2: back to where the window was.</summary>
    public void OnSpuriousLoss(Instant now)
    {
        if (_recoveryStart is not null && _beforeLoss.Window > _curve.Window)
        {
            _curve = _beforeLoss;
            _recoveryStart = null;
        }
    }

    public void OnPersistentCongestion(Instant now)
    {
        _curve.Window = CongestionWindow.MinimumBytes(_datagramBytes);
        _recoveryStart = null;
        _hyStart = new HyStart();
    }

    private bool IsRecovering(Instant sentAt) => _recoveryStart is { } start && sentAt <= start;

    private void Grow(in AckSample sample)
    {
        if (IsInSlowStart)
        {
            _hyStart.OnAcknowledged(sample.Now, sample.NewestSentAt, sample.Rtt);
            if (_hyStart.State != HyStartState.Finished)
            {
                _curve.Window += (double)sample.BytesOfFullWindow / _hyStart.GrowthDivisor;
                return;
            }
            _curve.Threshold = _curve.Window;
        }
        if (_curve.EpochStart is null)
        {
            BeginEpoch(sample.Now);
        }

        // RFC 9438 section 4.2: where the curve will be one round trip from now.
        double seconds = (sample.Now - _curve.EpochStart!.Value + sample.SmoothedRtt).TotalSeconds - _curve.InflectionSeconds;
        double target = ((C * seconds * seconds * seconds) + (_curve.WindowMax / _datagramBytes)) * _datagramBytes;
        target = Math.Clamp(target, _curve.Window, _curve.Window * 1.5);

        // Section 4.3: never slower than a Reno flow that started with us.
        double share = sample.BytesOfFullWindow / _curve.Window;
        double gain = _curve.FriendlyWindow >= _curve.WindowMax ? 1 : FriendlyGain;
        _curve.FriendlyWindow += gain * _datagramBytes * share;
        _curve.Window = Math.Max(_curve.Window + ((target - _curve.Window) * share), _curve.FriendlyWindow);
    }

    private void BeginEpoch(Instant now)
    {
        _curve.EpochStart = now;
        _curve.FriendlyWindow = _curve.Window;
        _curve.WindowMax = Math.Max(_curve.WindowMax, _curve.Window);
        _curve.InflectionSeconds = Math.Cbrt((_curve.WindowMax - _curve.Window) / _datagramBytes / C);
    }

    /// <summary>What a spurious loss restores. Bytes, but for the times.</summary>
    private struct Curve(double window, double threshold)
    {
        public double Window = window;
        public double Threshold = threshold;
        public double WindowMax;
        public double FriendlyWindow;
        public double InflectionSeconds;
        public Instant? EpochStart;
    }
}
