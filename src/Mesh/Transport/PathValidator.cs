using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Security.Cryptography;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport;

/// <summary>The table of the path to the peer, RFC 9000 sections 8.2 and 9.</summary>
/// <remarks><code>
/// Settled    -> [newest packet comes from elsewhere] -> Validating  a challenge goes there; bytes still go to the old address
/// Validating -> [its answer]                         -> Settled     on the new address
/// Validating -> [newest packet from a third address] -> Validating  that one, with a fresh challenge
/// Validating -> [newest packet from the old address] -> Settled     on the old address
/// Validating -> [three challenges unanswered]        -> Settled     on the old address
/// </code></remarks>
internal enum PathState
{
    Settled,
    Validating,
}

/// <summary>Keeps the address that packets go to, and moves it only to where the peer has proven to be.</summary>
/// <remarks>
/// A challenge is a MAC under a key that the peer doesn't have: it can't answer for an address whose packets it can't
/// read, and so can't point this side's bytes at a stranger.
/// </remarks>
internal sealed class PathValidator
{
    public const int ChallengesMax = 3;

    /// <summary>Answers waiting to be sent; a peer that asks faster gets fewer.</summary>
    public const int ResponsesMax = 4;

    private readonly byte[] _key;
    private readonly Queue<PathProbe> _responses = new(ResponsesMax);
    private PathAddress _candidate;
    private ulong _challenge;
    private ulong _counter;
    private int _challengesSent;
    private bool _isChallengeDue;

    public PathValidator(PathAddress active, ReadOnlySpan<byte> key)
    {
        Active = active;
        _key = key.ToArray();
    }

    public PathState State { get; private set; } = PathState.Settled;

    public PathAddress Active { get; private set; }

    /// <summary>When an unanswered challenge is repeated or given up.</summary>
    public Instant? Deadline { get; private set; }

    /// <param name="isNewest">No packet with a greater number came before; a straggler says nothing of the present.</param>
    public void OnReceived(PathAddress from, bool isNewest)
    {
        if (!isNewest)
        {
            return;
        }
        if (from == Active)
        {
            Settle(Active);
        }
        else if (State == PathState.Settled || from != _candidate)
        {
            State = PathState.Validating;
            _candidate = from;
            _challenge = NextChallenge();
            _challengesSent = 0;
            _isChallengeDue = true;
            Deadline = null;
        }
    }

    public void OnChallenge(PathAddress from, ulong data)
    {
        if (_responses.Count < ResponsesMax)
        {
            _responses.Enqueue(new PathProbe(from, data, IsChallenge: false));
        }
    }

    /// <summary>True when the answer moved the active path.</summary>
    public bool TryComplete(ulong data)
    {
        if (State != PathState.Validating || data != _challenge || _challengesSent == 0)
        {
            return false;
        }
        Settle(_candidate);
        return true;
    }

    public void OnTimeout(Instant now)
    {
        if (Deadline is not { } deadline || deadline > now)
        {
            return;
        }
        Deadline = null;
        if (_challengesSent >= ChallengesMax)
        {
            Settle(Active);
        }
        else
        {
            _isChallengeDue = true;
        }
    }

    /// <summary>Takes the next challenge or answer; each goes alone in a packet to its own address.</summary>
    public bool TryTake(Instant now, TimeSpan probeTimeout, out PathProbe probe)
    {
        if (_responses.TryDequeue(out probe))
        {
            return true;
        }
        if (!_isChallengeDue)
        {
            return false;
        }
        _isChallengeDue = false;
        _challengesSent++;
        Deadline = now + (probeTimeout * _challengesSent);
        probe = new PathProbe(_candidate, _challenge, IsChallenge: true);
        return true;
    }

    private void Settle(PathAddress address)
    {
        State = PathState.Settled;
        Active = address;
        Deadline = null;
        _isChallengeDue = false;
    }

    private ulong NextChallenge()
    {
        Span<byte> counter = stackalloc byte[sizeof(ulong)];
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt64BigEndian(counter, _counter++);
        _ = HMACSHA256.HashData(_key, counter, mac);
        return BinaryPrimitives.ReadUInt64BigEndian(mac);
    }
}

/// <summary>A PATH_CHALLENGE or PATH_RESPONSE on its way.</summary>
internal readonly record struct PathProbe(PathAddress Target, ulong Data, bool IsChallenge);
