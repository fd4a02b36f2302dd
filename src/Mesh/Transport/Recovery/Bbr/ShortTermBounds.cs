using System;

namespace Darkbloom.Mesh.Transport.Recovery.Bbr;

/// <summary>Rate and bytes in flight that the last rounds with too much loss delivered; forgotten at the next probe.</summary>
internal sealed class ShortTermBounds
{
    private const double Beta = 0.7;
    private const int RunsMin = 6;

    private RoundCounter _round;
    private double _latestRate;
    private long _latestDelivered;
    private long _lost;
    private int _runs;
    private long _roundDelivered;
    private double _rateBefore = double.PositiveInfinity;
    private long _bytesBefore = long.MaxValue;

    public double BytesPerSecond { get; private set; } = double.PositiveInfinity;

    public long BytesInFlight { get; private set; } = long.MaxValue;

    /// <summary>The most that one round trip delivered in this round.</summary>
    public long LatestDelivered => _latestDelivered;

    public void OnLost(in LossSample sample)
    {
        _lost += sample.Bytes;
        _runs += sample.StartsRun ? 1 : 0;
    }

    /// <summary>Forgets the bounds: the path is about to be probed.</summary>
    public void Reset()
    {
        BytesPerSecond = double.PositiveInfinity;
        BytesInFlight = long.MaxValue;
        _rateBefore = BytesPerSecond;
        _bytesBefore = BytesInFlight;
    }

    /// <summary>Forgets what the present round has shown.</summary>
    public void ResetSignals()
    {
        _latestRate = 0;
        _latestDelivered = 0;
        _lost = 0;
        _runs = 0;
    }

    public void Undo()
    {
        BytesPerSecond = Math.Max(BytesPerSecond, _rateBefore);
        BytesInFlight = Math.Max(BytesInFlight, _bytesBefore);
        _lost = 0;
        _runs = 0;
    }

    public void OnSample(in RateSample rate)
    {
        _round.OnAcknowledged(rate);
        _latestRate = Math.Max(_latestRate, rate.BytesPerSecond);
        _latestDelivered = Math.Max(_latestDelivered, rate.BytesDelivered);
    }

    /// <summary>At the end of a round: did it lose more than the ceiling allows, in many places?</summary>
    public bool IsStartupOver(in RateSample rate, int datagramBytes) =>
        _round.IsStart && _runs >= RunsMin && IsExceeded(rate, datagramBytes);

    /// <summary>At the end of a round with too much loss the bounds fall to what it delivered, at most by three tenths.</summary>
    public void Adapt(in RateSample rate, int datagramBytes, double bytesPerSecond, long windowBytes)
    {
        if (!_round.IsStart || !IsExceeded(rate, datagramBytes))
        {
            return;
        }
        _rateBefore = BytesPerSecond;
        _bytesBefore = BytesInFlight;
        double rateNow = double.IsPositiveInfinity(BytesPerSecond) ? bytesPerSecond : BytesPerSecond;
        long bytesNow = BytesInFlight == long.MaxValue ? windowBytes : BytesInFlight;
        BytesPerSecond = Math.Max(_latestRate, rateNow * Beta);
        BytesInFlight = Math.Max(_latestDelivered, (long)(bytesNow * Beta));
    }

    /// <summary>Begins the next round's signals with this ACK's.</summary>
    public void Advance(in RateSample rate)
    {
        if (_round.IsStart)
        {
            _latestRate = rate.BytesPerSecond;
            _latestDelivered = rate.BytesDelivered;
            _lost = 0;
            _runs = 0;
            _roundDelivered = rate.TotalDelivered;
        }
    }

    private bool IsExceeded(in RateSample rate, int datagramBytes) =>
        LossCeiling.IsExceeded(_lost, rate.TotalDelivered - _roundDelivered + _lost, datagramBytes);
}
