using System;
using System.Collections.Generic;
using System.Diagnostics;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Paths;

/// <summary>The table of the path to the peer, RFC 9000 sections 8.2 and 9.</summary>
/// <remarks><code>
/// Settled    -> [newest packet comes from elsewhere] -> Validating  challenges go there and to the old address; bytes still go to the old one
/// Validating -> [its answer]                         -> Settled     on the new address
/// Validating -> [newest packet from a third address] -> Validating  that one, with a fresh challenge
/// Validating -> [newest packet from the old address] -> Settled     on the old address: whoever copies packets gains nothing
/// Validating -> [three challenges unanswered]        -> Settled     on the old address
/// </code></remarks>
internal enum PathState
{
    Settled,
    Validating,
}

/// <summary>What a packet's address meant.</summary>
internal enum PathNews
{
    None,

    /// <summary>An address that was none before is under test from now on.</summary>
    Candidate,

    /// <summary>The address under test is given up for the old one.</summary>
    Dropped,
}

/// <summary>Keeps the address that packets go to, and moves it only to where the peer has proven to be.</summary>
/// <remarks>
/// A challenge can't be foreseen by the peer: it can't answer for an address whose packets it can't read, and so can't
/// point this side's bytes at a stranger. The address under test gets at most three times the bytes that came from it.
/// </remarks>
internal sealed class PathValidator(PathAddress active, SecretSequence secrets)
{
    public const int ChallengesMax = 3;

    /// <summary>Answers waiting to be sent; a peer that asks faster gets fewer.</summary>
    public const int ResponsesMax = 4;

    /// <summary>Bytes sent to an address under test for each byte that came from it in packets with a right tag.</summary>
    public const int AmplificationMax = 3;

    private readonly Queue<PathProbe> _responses = new(ResponsesMax);
    private PathAddress _candidate;
    private ulong _challenge;
    private int _challengesSent;
    private Instant _challengedAt;
    private bool _isChallengeDue;
    private bool _isHomeChallengeDue;
    private long _candidateBytesReceived;
    private long _candidateBytesSent;

    public PathState State { get; private set; } = PathState.Settled;

    public PathAddress Active { get; private set; } = active;

    /// <summary>When an unanswered challenge is repeated or given up.</summary>
    public Instant? Deadline { get; private set; }

    public bool IsUnderTest(PathAddress address) => State == PathState.Validating && address == _candidate;

    /// <param name="isNewest">No packet with a greater number came before; a straggler says nothing of the present.</param>
    public PathNews OnReceived(PathAddress from, int bytes, bool isNewest)
    {
        PathNews news = PathNews.None;
        if (isNewest && from == Active && State == PathState.Validating)
        {
            Settle(Active);
            news = PathNews.Dropped;
        }
        else if (isNewest && from != Active && !IsUnderTest(from))
        {
            Begin(from);
            news = PathNews.Candidate;
        }
        _candidateBytesReceived += IsUnderTest(from) ? bytes : 0;
        return news;
    }

    public void OnChallenge(PathAddress from, ulong data)
    {
        if (_responses.Count < ResponsesMax)
        {
            _responses.Enqueue(new PathProbe(from, data, IsChallenge: false));
        }
    }

    /// <summary>True when the answer moved the active path.</summary>
    /// <param name="roundTrip">The first measure of the new path; null when the answer may be to one of several challenges.</param>
    public bool TryComplete(Instant now, ulong data, out TimeSpan? roundTrip)
    {
        roundTrip = null;
        if (State != PathState.Validating || data != _challenge || _challengesSent == 0)
        {
            return false;
        }
        roundTrip = _challengesSent == 1 ? now - _challengedAt : null;
        Settle(_candidate);
        return true;
    }

    /// <summary>True when the address under test is given up.</summary>
    public bool OnTimeout(Instant now)
    {
        if (Deadline is not { } deadline || deadline > now)
        {
            return false;
        }
        Deadline = null;
        if (_challengesSent >= ChallengesMax)
        {
            Settle(Active);
            return true;
        }
        _isChallengeDue = true;
        return false;
    }

    /// <summary>Takes the next challenge or answer; each goes alone in a packet to its own address.</summary>
    /// <param name="bytes">What the packet will have.</param>
    public bool TryTake(Instant now, TimeSpan probeTimeout, int bytes, out PathProbe probe)
    {
        while (_responses.TryDequeue(out probe))
        {
            if (!IsUnderTest(probe.Target) || TrySpend(bytes))
            {
                return true;
            }
        }
        if (_isHomeChallengeDue)
        {
            // Whoever copied a packet is found out by this: the peer, if it is still there, answers from there.
            _isHomeChallengeDue = false;
            probe = new PathProbe(Active, secrets.Next(), IsChallenge: true);
            return true;
        }
        if (!_isChallengeDue || !TrySpend(bytes))
        {
            return false;
        }
        _isChallengeDue = false;
        _challengesSent++;
        _challengedAt = now;
        Deadline = now + (probeTimeout * _challengesSent);
        probe = new PathProbe(_candidate, _challenge, IsChallenge: true);
        AssertInvariants();
        return true;
    }

    private void Begin(PathAddress candidate)
    {
        State = PathState.Validating;
        _candidate = candidate;
        _candidateBytesReceived = 0;
        _candidateBytesSent = 0;
        _challenge = secrets.Next();
        _challengesSent = 0;
        _isChallengeDue = true;
        _isHomeChallengeDue = true;
        Deadline = null;
    }

    private void Settle(PathAddress address)
    {
        State = PathState.Settled;
        Active = address;
        Deadline = null;
        _isChallengeDue = false;
        _isHomeChallengeDue = false;
    }

    private bool TrySpend(int bytes)
    {
        bool affords = _candidateBytesSent + bytes <= AmplificationMax * _candidateBytesReceived;
        _candidateBytesSent += affords ? bytes : 0;
        return affords;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_candidateBytesSent <= AmplificationMax * _candidateBytesReceived, "An address under test is owed little.");
        Debug.Assert(State == PathState.Validating || Deadline is null, "Only a test has a deadline.");
        Debug.Assert(_challengesSent <= ChallengesMax, "Challenges are limited.");
    }
}

/// <summary>A PATH_CHALLENGE or PATH_RESPONSE on its way.</summary>
internal readonly record struct PathProbe(PathAddress Target, ulong Data, bool IsChallenge);
