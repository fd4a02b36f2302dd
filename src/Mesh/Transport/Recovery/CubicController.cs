using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>CUBIC, RFC 9438: the window is a cubic function of the time since the last loss, whatever the round trip.</summary>
/// <remarks><code>
/// Slow start           -> [loss]                            -> Recovery               the window falls to 0.7 of itself
/// Recovery             -> [ACK of a packet sent since then] -> Congestion avoidance   a new epoch begins
/// Congestion avoidance -> [loss of a packet sent since]     -> Recovery
/// any                  -> [persistent congestion]           -> Slow start, from the least window
/// </code></remarks>
internal sealed class CubicController(int datagramBytes) : ICongestionController
{
    private const double Beta = 0.7;
    private const double C = 0.4;
    private const double FriendlyGain = 3 * (1 - Beta) / (1 + Beta);

    private double _window = (double)CongestionWindow.InitialPackets * datagramBytes;
    private double _threshold = double.PositiveInfinity;
    private double _windowMax;
    private double _friendlyWindow;
    private double _inflectionSeconds;
    private Instant? _epochStart;
    private Instant? _recoveryStart;

    public long WindowBytes => (long)_window;

    public bool IsInSlowStart => _window < _threshold;

    public bool IsRecovering(Instant sentAt) => _recoveryStart is { } start && sentAt <= start;

    public void OnAcknowledged(in AckSample sample)
    {
        if (IsRecovering(sample.NewestSentAt) || sample.BytesAcknowledged == 0)
        {
            return;
        }
        if (IsInSlowStart)
        {
            _window += sample.BytesAcknowledged;
            return;
        }
        _epochStart ??= BeginEpoch(sample.Now);

        // RFC 9438 section 4.2: where the curve will be one round trip from now.
        double seconds = (sample.Now - _epochStart.Value + sample.SmoothedRtt).TotalSeconds - _inflectionSeconds;
        double target = ((C * seconds * seconds * seconds) + (_windowMax / datagramBytes)) * datagramBytes;
        target = Math.Clamp(target, _window, _window * 1.5);

        // Section 4.3: never slower than a Reno flow that started with us.
        double gain = _friendlyWindow >= _windowMax ? 1 : FriendlyGain;
        _friendlyWindow += gain * datagramBytes * sample.BytesAcknowledged / _window;
        _window = Math.Max(_window + ((target - _window) * sample.BytesAcknowledged / _window), _friendlyWindow);
    }

    public void OnLost(in LossSample sample)
    {
        if (!IsRecovering(sample.NewestSentAt))
        {
            _recoveryStart = sample.Now;
            _epochStart = null;

            // Section 4.7, fast convergence: a flow that lost below its last peak makes room for newcomers.
            _windowMax = _window < _windowMax ? _window * (1 + Beta) / 2 : _window;
            _window = Math.Max(_window * Beta, CongestionWindow.MinimumBytes(datagramBytes));
            _threshold = _window;
        }
        if (sample.IsPersistent)
        {
            _window = CongestionWindow.MinimumBytes(datagramBytes);
            _recoveryStart = null;
        }
    }

    private Instant BeginEpoch(Instant now)
    {
        _friendlyWindow = _window;
        _windowMax = Math.Max(_windowMax, _window);
        _inflectionSeconds = Math.Cbrt((_windowMax - _window) / datagramBytes / C);
        return now;
    }
}
