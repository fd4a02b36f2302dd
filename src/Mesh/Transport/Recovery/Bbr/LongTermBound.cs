using System;

namespace Darkbloom.Mesh.Transport.Recovery.Bbr;

/// <summary>Bytes in flight that the path has shown to take without much loss: inflight_hi.</summary>
internal sealed class LongTermBound
{
    private const double HeadroomShare = 0.15;
    private const int RoundsShiftMax = 30;

    private long _before = long.MaxValue;
    private int _roundsUp;
    private long _acknowledged;
    private long _bytesPerDatagram;

    /// <summary>No bound before the first probe that lost too much.</summary>
    public long Bytes { get; private set; } = long.MaxValue;

    /// <summary>What stays free while cruising, so that other flows find room.</summary>
    public long BytesWithHeadroom(int datagramBytes) =>
        Bytes == long.MaxValue ? Bytes : Bytes - Math.Max(datagramBytes, (long)(Bytes * HeadroomShare));

    public void Lower(long bytes)
    {
        _before = Bytes;
        Bytes = bytes;
    }

    public void Undo() => Bytes = Math.Max(Bytes, _before);

    /// <summary>So much was in flight and arrived.</summary>
    public void OnCarried(long bytesInFlight)
    {
        if (Bytes != long.MaxValue)
        {
            Bytes = Math.Max(Bytes, bytesInFlight);
        }
    }

    public void BeginProbe(long windowBytes, int datagramBytes)
    {
        _roundsUp = 0;
        _acknowledged = 0;
        Steepen(windowBytes, datagramBytes);
    }

    /// <summary>While a probe presses against the bound it rises: by one datagram in the first round, then 2, 4, 8...</summary>
    public void Raise(long acknowledgedBytes, bool isRoundStart, long windowBytes, int datagramBytes)
    {
        _acknowledged += acknowledgedBytes;
        long datagrams = _acknowledged / _bytesPerDatagram;
        _acknowledged -= datagrams * _bytesPerDatagram;
        Bytes += datagrams * datagramBytes;
        if (isRoundStart)
        {
            Steepen(windowBytes, datagramBytes);
        }
    }

    private void Steepen(long windowBytes, int datagramBytes)
    {
        _bytesPerDatagram = Math.Max(windowBytes >> _roundsUp, datagramBytes);
        _roundsUp = Math.Min(_roundsUp + 1, RoundsShiftMax);
    }
}
