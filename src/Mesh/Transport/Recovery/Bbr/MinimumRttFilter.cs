using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery.Bbr;

/// <summary>The least round trip of the last ten seconds, and whether it has been seen in the last five.</summary>
/// <remarks>
/// A sample within a thirty-second of the least one confirms it: a flow whose own queue empties between probes needs
/// no pause to prove that.
/// </remarks>
internal sealed class MinimumRttFilter(Instant now)
{
    private const int ToleranceDivisor = 32;
    private static readonly TimeSpan s_probeInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(10);

    private TimeSpan _recent = TimeSpan.MaxValue;
    private Instant _recentAt = now;
    private Instant _minimumAt = now;

    /// <summary>Null before the first sample.</summary>
    public TimeSpan? Minimum { get; private set; }

    /// <summary>The last ACK found the recent minimum out of date.</summary>
    public bool IsExpired { get; private set; }

    public void OnAcknowledged(Instant now, TimeSpan? rtt)
    {
        IsExpired = now > _recentAt + s_probeInterval;
        if (rtt is { } sample && (IsExpired || sample < _recent))
        {
            _recent = sample;
            _recentAt = now;
        }
        else if (rtt - _recent <= _recent / ToleranceDivisor)
        {
            _recentAt = now;
        }
        if (Minimum is not { } minimum || _recent < minimum || now > _minimumAt + s_window)
        {
            Minimum = _recent == TimeSpan.MaxValue ? null : _recent;
            _minimumAt = _recentAt;
        }
        else if (_recent == minimum)
        {
            _minimumAt = _recentAt;
        }
    }

    /// <summary>The pause for measuring is over.</summary>
    public void OnProbed(Instant now) => _recentAt = now;
}
