using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>The table of a pacer.</summary>
/// <remarks><code>
/// Open    -> [no tokens for a datagram] -> Waiting   until a millisecond's worth is there, so that few timers fire
/// Waiting -> [enough tokens]            -> Open
/// </code></remarks>
internal enum PacerState
{
    Open,
    Waiting,
}

/// <summary>Spreads a window over the round trip in bursts that a 1 ms timer can serve and a router's queue can take.</summary>
/// <remarks>
/// A token bucket of bytes: RFC 9002 section 7.7. After a pause it holds 2 ms of the rate, at least ten datagrams and at
/// most 64 KB. While a sender waits for it, it holds 2 ms of the rate whatever that is: a timer that is late by a
/// millisecond costs a fast path nothing.
/// </remarks>
internal sealed class Pacer
{
    public const int BurstPackets = 10;
    public const int BurstBytesMax = 64 * 1024;

    private const double NanosecondsPerSecond = 1e9;
    private const double BurstNanoseconds = 2e6;
    private const double WaitNanoseconds = 1e6;

    private int _datagramBytes;
    private double _bytesPerNanosecond;
    private double _tokens;
    private Instant _refilledAt;
    private PacerState _state;

    public Pacer(int datagramBytes, Instant now)
    {
        _datagramBytes = datagramBytes;
        _tokens = BurstBytes;
        _refilledAt = now;
    }

    /// <summary>The path is relayed, or not yet proven: ten datagrams are the most at once, whatever the rate.</summary>
    public bool IsGuarded { get; set; }

    private double FloorBytes => Math.Min((double)BurstPackets * _datagramBytes, BurstBytesMax);

    private double BurstBytes
    {
        get
        {
            double bytes = _bytesPerNanosecond * BurstNanoseconds;
            if (_state == PacerState.Waiting && !IsGuarded)
            {
                // The rest that is too small for a datagram counts for the next burst.
                return Math.Max(bytes, FloorBytes) + _datagramBytes;
            }
            return IsGuarded ? FloorBytes : Math.Clamp(bytes, FloorBytes, BurstBytesMax);
        }
    }

    public void SetDatagramBytes(int datagramBytes) => _datagramBytes = datagramBytes;

    public void SetRate(Instant now, double bytesPerSecond)
    {
        Refill(now);
        _bytesPerNanosecond = bytesPerSecond / NanosecondsPerSecond;
    }

    /// <summary>When the next datagram may go: now, or a later instant.</summary>
    public Instant NextSend(Instant now)
    {
        Refill(now);
        double needed = _state == PacerState.Waiting
            ? Math.Clamp(_bytesPerNanosecond * WaitNanoseconds, _datagramBytes, FloorBytes)
            : _datagramBytes;
        double missing = needed - _tokens;
        if (missing <= 0 || _bytesPerNanosecond <= 0)
        {
            _state = PacerState.Open;
            return now;
        }
        if (_state == PacerState.Open)
        {
            _state = PacerState.Waiting;
            return NextSend(now);
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
            double most = Math.Max(_tokens, BurstBytes);
            _tokens = Math.Min(most, _tokens + ((now.Nanoseconds - _refilledAt.Nanoseconds) * _bytesPerNanosecond));
            _refilledAt = now;
        }
    }
}
