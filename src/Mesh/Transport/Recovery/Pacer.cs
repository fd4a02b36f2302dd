using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>Spreads a window over the round trip in bursts that a 1 ms timer can serve and a router's queue can take.</summary>
/// <remarks>A token bucket of bytes: RFC 9002 section 7.7. It holds at most ten datagrams or 2 ms of the rate, up to 64 KB.</remarks>
internal sealed class Pacer
{
    public const int BurstPackets = 10;
    public const int BurstBytesMax = 64 * 1024;

    private const double NanosecondsPerSecond = 1e9;
    private const double BurstSeconds = 0.002;

    private readonly int _datagramBytes;
    private double _bytesPerNanosecond;
    private double _tokens;
    private Instant _refilledAt;

    public Pacer(int datagramBytes, Instant now)
    {
        _datagramBytes = datagramBytes;
        _tokens = BurstBytes;
        _refilledAt = now;
    }

    private double BurstBytes => Math.Clamp(
        _bytesPerNanosecond * BurstSeconds * NanosecondsPerSecond, (double)BurstPackets * _datagramBytes, BurstBytesMax);

    public void SetRate(Instant now, double bytesPerSecond)
    {
        Refill(now);
        _bytesPerNanosecond = bytesPerSecond / NanosecondsPerSecond;
    }

    /// <summary>When the next datagram may go: now, or a later instant.</summary>
    public Instant NextSend(Instant now)
    {
        Refill(now);
        double missing = _datagramBytes - _tokens;
        if (missing <= 0 || _bytesPerNanosecond <= 0)
        {
            return now;
        }
        return new Instant(now.Nanoseconds + Math.Max(1, (long)Math.Ceiling(missing / _bytesPerNanosecond)));
    }

    public void OnSent(Instant now, int bytes)
    {
        Refill(now);
        _tokens -= bytes;
    }

    private void Refill(Instant now)
    {
        if (now > _refilledAt)
        {
            _tokens = Math.Min(BurstBytes, _tokens + ((now.Nanoseconds - _refilledAt.Nanoseconds) * _bytesPerNanosecond));
            _refilledAt = now;
        }
    }
}
