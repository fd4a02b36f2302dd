using System;
using System.Diagnostics;
using System.Threading;

namespace Darkbloom.Bench.Transport.Workloads;

/// <summary>What has arrived of one connection's uploads.</summary>
internal sealed class UploadCount
{
    private readonly Lock _gate = new();
    private long _startedAt;
    private long _lastAt;
    private long _bytes;
    private TimeSpan _longestGap;
    private bool _isDamaged;

    public void Start()
    {
        lock (_gate)
        {
            if (_startedAt == 0)
            {
                _startedAt = _lastAt = Stopwatch.GetTimestamp();
            }
        }
    }

    public void Add(long offset, ReadOnlySpan<byte> received)
    {
        bool isDamaged = !UploadPattern.Fits(offset, received);
        lock (_gate)
        {
            long now = Stopwatch.GetTimestamp();
            TimeSpan gap = Stopwatch.GetElapsedTime(_lastAt, now);
            _longestGap = gap > _longestGap ? gap : _longestGap;
            _lastAt = now;
            _bytes += received.Length;
            _isDamaged |= isDamaged;
        }
    }

    /// <summary>So far; the longest gap between arrivals, one that still lasts included, begins anew with each call.</summary>
    public (long Bytes, double Seconds, double LongestGapMs, bool IsDamaged) Read()
    {
        lock (_gate)
        {
            if (_startedAt == 0)
            {
                return default;
            }
            TimeSpan open = Stopwatch.GetElapsedTime(_lastAt);
            TimeSpan longest = open > _longestGap ? open : _longestGap;
            _longestGap = default;
            return (_bytes, Stopwatch.GetElapsedTime(_startedAt).TotalSeconds, longest.TotalMilliseconds, _isDamaged);
        }
    }
}
