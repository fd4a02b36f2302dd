using System;
using System.Diagnostics;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Paths;

/// <summary>The table of the search for the largest datagram that a path takes, RFC 8899.</summary>
/// <remarks><code>
/// Base      -> [a datagram was filled]           -> Searching  a session that fills none has no use for larger ones
/// Searching -> [a probe is acknowledged]         -> Searching  its size is in use, the next larger one is tried
/// Searching -> [three probes of a size are lost] -> Searching  that size fails; halfway between it and the one in use is tried
/// Searching -> [nothing is left to try]          -> Complete
/// Complete  -> [ten minutes later]               -> Searching  upwards from the size in use: the path may have grown
/// any       -> [the path became a black hole]    -> Base       datagrams of base size get through it; the search begins anew
/// any       -> [another path]                    -> Base
/// </code></remarks>
internal enum MtuState
{
    Base,
    Searching,
    Complete,
}

/// <summary>Finds the largest datagram by trying, since no ICMP report is believed or needed.</summary>
/// <remarks>
/// One probe is under way at a time. Its loss says nothing of congestion. What is lost of ordinary datagrams says nothing
/// of the size either, unless it happens in three rounds in a row in which smaller ones, sent later, arrive and no
/// large one does: then the path has shrunk, and swallows what is too large.
/// </remarks>
internal sealed class MtuSearch
{
    /// <summary>Probes of one size until it counts as too large.</summary>
    public const int ProbesMax = 3;

    /// <summary>Rounds with nothing but losses among large datagrams until the path counts as shrunk.</summary>
    public const int BlackHoleRounds = 3;

    /// <summary>The search is over when the size in use and the least one that failed differ by no more.</summary>
    public const int StepBytesMin = 16;

    public static readonly TimeSpan RaiseInterval = TimeSpan.FromMinutes(10);

    /// <summary>IPv6's least MTU, most tunnels, Ethernet, and jumbo frames, each less the headers of IPv6 and UDP.</summary>
    private static readonly int[] s_steps = [1280, 1400, WireLimits.DatagramBytesOfEthernet, WireLimits.DatagramBytesMax];

    private int _bytesMax;
    private int _failed;
    private int _probing;
    private int _probesLost;
    private bool _isProbeUnderWay;
    private ulong _newestLargeArrived;
    private ulong _roundEnd;
    private int _roundsLost;

    public MtuSearch(int bytesMax) => Reset(bytesMax);

    public MtuState State { get; private set; }

    /// <summary>The size in use.</summary>
    public int Bytes { get; private set; }

    /// <summary>When to look whether the path has grown.</summary>
    public Instant? Deadline { get; private set; }

    /// <summary>Begins with base size: for another path, which takes at most so much.</summary>
    public void Reset(int bytesMax)
    {
        Debug.Assert(bytesMax >= WireLimits.DatagramBytesMin, "Every path takes the base size.");
        State = MtuState.Base;
        Bytes = WireLimits.DatagramBytesMin;
        Deadline = null;
        _bytesMax = bytesMax;
        _roundsLost = 0;
        _isProbeUnderWay = false;
        Begin();
    }

    /// <summary>A datagram went out that holds no more.</summary>
    public void OnFilled() => State = State == MtuState.Base ? MtuState.Searching : State;

    /// <summary>The size of a probe that is due.</summary>
    /// <param name="limit">The largest datagram that the caller can send now.</param>
    public bool TryTakeProbe(Instant now, int limit, out int bytes)
    {
        bytes = _probing;
        if (State != MtuState.Searching || _isProbeUnderWay)
        {
            return false;
        }
        if (_probing == 0)
        {
            State = MtuState.Complete;
            Deadline = now + RaiseInterval;
            return false;
        }
        _isProbeUnderWay = bytes <= limit;
        return _isProbeUnderWay;
    }

    /// <summary>True when larger datagrams may be used from now on.</summary>
    public bool OnProbeAcknowledged(int bytes)
    {
        if (!_isProbeUnderWay || bytes != _probing)
        {
            return false; // of a path or a search before
        }
        _isProbeUnderWay = false;
        Bytes = bytes;
        Next();
        return true;
    }

    public void OnProbeLost(int bytes)
    {
        if (!_isProbeUnderWay || bytes != _probing)
        {
            return;
        }
        _isProbeUnderWay = false;
        _probesLost++;
        if (_probesLost >= ProbesMax)
        {
            _failed = bytes;
            Next();
        }
    }

    /// <summary>An ordinary packet arrived.</summary>
    public void OnAcknowledged(ulong number, int bytes)
    {
        if (bytes > WireLimits.DatagramBytesMin)
        {
            _newestLargeArrived = Math.Max(_newestLargeArrived, number);
            _roundsLost = 0;
        }
    }

    /// <summary>An ordinary packet is lost, after all that arrived by the same report were told of.</summary>
    /// <param name="next">The number that the next packet will have: what was sent before belongs to the same round.</param>
    /// <returns>True when the path has shrunk: the size in use is base again.</returns>
    public bool OnLost(ulong number, int bytes, ulong next)
    {
        if (bytes <= WireLimits.DatagramBytesMin || Bytes == WireLimits.DatagramBytesMin
            || number < _newestLargeArrived || number < _roundEnd)
        {
            return false;
        }
        _roundEnd = next;
        _roundsLost++;
        if (_roundsLost < BlackHoleRounds)
        {
            return false;
        }
        Reset(_bytesMax);
        return true;
    }

    public void OnTimeout(Instant now)
    {
        if (Deadline <= now)
        {
            Deadline = null;
            State = MtuState.Searching;
            Begin();
        }
    }

    private void Begin()
    {
        _failed = int.MaxValue;
        Next();
    }

    private void Next()
    {
        _probesLost = 0;
        _probing = NextSize();
        AssertInvariants();
    }

    /// <summary>The next step of the table; else halfway to what failed; 0 when neither is worth it.</summary>
    private int NextSize()
    {
        int limit = Math.Min(_failed - 1, _bytesMax);
        foreach (int step in s_steps)
        {
            if (step > Bytes && step <= limit)
            {
                return step;
            }
        }
        if (_failed > _bytesMax)
        {
            // Nothing failed: the last step is the other side's own limit.
            return _bytesMax - Bytes >= StepBytesMin ? _bytesMax : 0;
        }

        // Links between Ethernet's and jumbo frames are too rare to look for.
        bool isWorthIt = _failed - Bytes > StepBytesMin && Bytes < WireLimits.DatagramBytesOfEthernet;
        return isWorthIt ? Bytes + ((_failed - Bytes) / 2) : 0;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(Bytes >= WireLimits.DatagramBytesMin && Bytes <= _bytesMax, "The size in use is within the limits.");
        Debug.Assert(_probing == 0 || (_probing > Bytes && _probing <= _bytesMax && _probing < _failed), "A probe is larger than what is known.");
    }
}
