using System;

namespace Darkbloom.Mesh.Transport.Recovery.Bbr;

/// <summary>The greatest delivery rate of this probe cycle and the one before.</summary>
internal sealed class BandwidthFilter
{
    private double _previous;
    private double _present;

    public double BytesPerSecond => Math.Max(_previous, _present);

    /// <summary>A sample that the application held down counts only if it is greater all the same.</summary>
    public void OnSample(in RateSample rate)
    {
        if (!rate.IsApplicationLimited || rate.BytesPerSecond >= BytesPerSecond)
        {
            _present = Math.Max(_present, rate.BytesPerSecond);
        }
    }

    /// <summary>The samples of a probe are all in: what is older than the last cycle is forgotten.</summary>
    public void Advance()
    {
        if (_present > 0)
        {
            _previous = _present;
            _present = 0;
        }
    }
}
