using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery.Bbr;

/// <summary>How many bytes more than the rate explains were acknowledged in a bunch: Wi-Fi and lazy receivers do that.</summary>
/// <remarks>The window has to cover them, or the sender stands still between two bunches.</remarks>
internal sealed class AckAggregation(Instant now)
{
    private const int RoundsOnceFull = 10;

    private readonly WindowedMaximum _extra = new();
    private Instant _intervalStart = now;
    private long _delivered;

    public long ExtraBytes => _extra.Value;

    public void Restart(Instant now)
    {
        _intervalStart = now;
        _delivered = 0;
    }

    public void OnAcknowledged(in AckSample sample, double bytesPerSecond, long round, long windowBytes, bool isPipeFull)
    {
        double expected = bytesPerSecond * (sample.Now - _intervalStart).TotalSeconds;
        if (_delivered <= expected)
        {
            Restart(sample.Now);
            expected = 0;
        }
        _delivered += sample.BytesAcknowledged;
        long extra = Math.Min((long)(_delivered - expected), windowBytes);
        _extra.Update(extra, round, isPipeFull ? RoundsOnceFull : 1);
    }
}
