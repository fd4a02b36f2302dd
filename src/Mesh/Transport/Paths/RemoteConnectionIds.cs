using System.Collections.Generic;
using System.Diagnostics;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;

namespace Darkbloom.Mesh.Transport.Paths;

/// <summary>The ids under which this side reaches the peer: one for the path in use, one for a path under test, spare ones.</summary>
/// <remarks>
/// Nobody who watches two paths sees the same id on both, unless the peer has run out of spare ones, or its own id stayed
/// the same: a NAT's change hides nothing from anyone.
/// <code>
/// (none)  -> [NEW_CONNECTION_ID]             -> Spare
/// Spare   -> [this side takes another path]  -> Active    the one before retires
/// Spare   -> [the peer appears elsewhere]    -> Candidate
/// Candidate -> [the path is adopted]         -> Active    the one before retires
/// Candidate -> [the path is given up]        -> Retired   it was seen there, so it serves nowhere else
/// Retired -> [RETIRE_CONNECTION_ID acknowledged] -> (none)
/// </code></remarks>
internal sealed class RemoteConnectionIds
{
    private static readonly TransportViolation s_tooMany =
        new(TransportErrorCode.ConnectionIdLimit, "more connection ids than this side holds");
    private static readonly TransportViolation s_contradiction =
        new(TransportErrorCode.ProtocolViolation, "a connection id under two sequence numbers, or two ids under one");

    private readonly List<NewConnectionIdFrame> _held = new(WireLimits.ConnectionIdsMax);
    private readonly Queue<ulong> _untoldRetirements = new(WireLimits.ConnectionIdsMax);

    /// <summary>Retirements that the peer hasn't acknowledged, told or not.</summary>
    private readonly List<ulong> _unsettled = new(WireLimits.ConnectionIdsMax);
    private readonly RangeSet _retired = new();
    private ulong _retiredCount;
    private int _active;
    private int _candidate;

    public RemoteConnectionIds(ConnectionId handshake) => _held.Add(new NewConnectionIdFrame(0, handshake));

    public ConnectionId Active => _held[_active].Id;

    /// <summary>For the path under test; that of the active path when there is no other.</summary>
    public ConnectionId Candidate => _held[_candidate].Id;

    public bool HasUntold => _untoldRetirements.Count > 0;

    public TransportViolation? OnNew(NewConnectionIdFrame frame)
    {
        foreach (NewConnectionIdFrame held in _held)
        {
            if (held.Sequence == frame.Sequence || held.Id == frame.Id)
            {
                return held == frame ? null : s_contradiction;
            }
        }
        if (_retired.Contains(frame.Sequence))
        {
            return null; // a late repetition
        }
        if (frame.Sequence >= _retiredCount + WireLimits.ConnectionIdsMax)
        {
            return s_tooMany;
        }
        _held.Add(frame);
        AssertInvariants();
        return null;
    }

    /// <summary>This side's own path changed: its packets go on under a fresh id; false when there is none.</summary>
    public bool TryRenew()
    {
        DropCandidate();
        if (!TryTakeSpare(out int fresh))
        {
            return false;
        }
        _candidate = fresh;
        Adopt();
        return true;
    }

    /// <summary>The peer appears at another address; true when packets to it get an id of their own.</summary>
    /// <param name="isDeliberate">It uses another id of this side's than before.</param>
    public bool BeginCandidate(bool isDeliberate)
    {
        DropCandidate();
        if (isDeliberate && TryTakeSpare(out int fresh))
        {
            _candidate = fresh;
        }
        return _candidate != _active;
    }

    /// <summary>The path under test becomes the path in use; true when the id changes with it.</summary>
    public bool Adopt()
    {
        if (_candidate == _active)
        {
            return false;
        }
        (_active, _candidate) = (_candidate, _active);
        DropCandidate();
        return true;
    }

    /// <summary>The path under test is given up.</summary>
    public void DropCandidate()
    {
        if (_candidate == _active)
        {
            return;
        }
        ulong sequence = _held[_candidate].Sequence;
        _held.RemoveAt(_candidate);
        _active -= _active > _candidate ? 1 : 0;
        _candidate = _active;
        _ = _retired.Add(sequence, sequence + 1);
        _retiredCount++;
        _untoldRetirements.Enqueue(sequence);
        _unsettled.Add(sequence);
        AssertInvariants();
    }

    /// <summary>Takes the next retirement that the peer is to be told.</summary>
    public bool TryTell(out RetireConnectionIdFrame frame)
    {
        bool isAny = _untoldRetirements.TryDequeue(out ulong sequence);
        frame = new RetireConnectionIdFrame(sequence);
        return isAny;
    }

    /// <summary>A packet that told of a retirement is lost, or its frames are repeated for fear of that.</summary>
    public void OnLost(ulong sequence)
    {
        if (_unsettled.Contains(sequence) && !_untoldRetirements.Contains(sequence))
        {
            _untoldRetirements.Enqueue(sequence);
        }
    }

    public void OnAcknowledged(ulong sequence)
    {
        _ = _unsettled.Remove(sequence);
        AssertInvariants();
    }

    /// <summary>The spare id that was issued first. None is taken while the peer leaves the retirements of others unanswered.</summary>
    private bool TryTakeSpare(out int index)
    {
        index = -1;
        for (int i = 0; i < _held.Count && _unsettled.Count < WireLimits.ConnectionIdsMax; i++)
        {
            if (i != _active && (index < 0 || _held[i].Sequence < _held[index].Sequence))
            {
                index = i;
            }
        }
        return index >= 0;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_held.Count <= WireLimits.ConnectionIdsMax, "Ids are limited.");
        Debug.Assert(_retired.Count <= WireLimits.ConnectionIdsMax + 1, "Ids retire nearly in order.");
        Debug.Assert(_unsettled.Count <= WireLimits.ConnectionIdsMax, "Retirements are limited.");
    }
}
