namespace Darkbloom.Mesh.Transport.Recovery.Bbr;

/// <summary>Notices that sending faster no longer makes the path deliver more.</summary>
internal sealed class FullPipe
{
    private const double Growth = 1.25;
    private const int RoundsMax = 3;

    private double _bytesPerSecond;
    private int _rounds;

    /// <summary>Since the last <see cref="Reset"/>.</summary>
    public bool IsFullNow { get; private set; }

    /// <summary>Since the connection began: Startup is over.</summary>
    public bool WasFull { get; private set; }

    /// <param name="bytesPerSecond">What the path delivers already.</param>
    public void Reset(double bytesPerSecond = 0)
    {
        _bytesPerSecond = bytesPerSecond;
        _rounds = 0;
        IsFullNow = false;
    }

    /// <summary>Losses above the ceiling say the same.</summary>
    public void OnExcessiveLoss() => WasFull = true;

    public void OnRoundStart(in RateSample rate)
    {
        if (IsFullNow || rate.IsApplicationLimited)
        {
            return;
        }
        if (rate.BytesPerSecond >= _bytesPerSecond * Growth)
        {
            Reset(rate.BytesPerSecond);
            return;
        }
        _rounds++;
        IsFullNow = _rounds >= RoundsMax;
        WasFull |= IsFullNow;
    }
}
