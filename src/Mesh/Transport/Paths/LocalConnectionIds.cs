using System.Collections.Generic;
using System.Diagnostics;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Paths;

/// <summary>The ids under which the peer reaches this side: spare ones let it change its path without being recognized.</summary>
/// <remarks>The owner draws the ids, since no two sessions may share one, and finds the session by each until it is released.
/// <code>
/// (none)   -> [the owner adds one]     -> Untold    NEW_CONNECTION_ID is due
/// Untold   -> [it is written]          -> Told      the peer may use it
/// Told     -> [its packet is lost]     -> Untold
/// Untold, Told -> [RETIRE_CONNECTION_ID]   -> Retiring  packets under way still find the session; another id is due
/// Retiring -> [three probe timeouts]   -> (none)    the owner forgets the id
/// </code></remarks>
internal sealed class LocalConnectionIds
{
    /// <summary>Ids held at once, those included whose last packets may be under way: a peer can't make this side hold more.</summary>
    public const int HeldMax = 2 * WireLimits.ConnectionIdsMax;

    private static readonly TransportViolation s_neverIssued =
        new(TransportErrorCode.ProtocolViolation, "a retirement of a connection id never issued");

    private readonly List<Entry> _entries = new(WireLimits.ConnectionIdsMax);
    private ulong _nextSequence;
    private int _retiring;
    private int _untold;

    /// <param name="handshake">The id of the handshake, which the peer knows.</param>
    public LocalConnectionIds(ConnectionId handshake)
    {
        _entries.Add(new Entry(_nextSequence++, handshake, IdState.Told));
        Handshake = handshake;
    }

    private enum IdState
    {
        Untold,
        Told,
        Retiring,
    }

    public ConnectionId Handshake { get; }

    /// <summary>One of the ids that the owner knows the session by, and the same one until it is released.</summary>
    public ConnectionId Oldest => _entries[0].Id;

    /// <summary>The peer is owed another id.</summary>
    public bool WantsAnother => _entries.Count - _retiring < WireLimits.ConnectionIdsMax && _entries.Count < HeldMax;

    public bool HasUntold => _untold > 0;

    public bool Contains(ConnectionId id)
    {
        foreach (Entry entry in _entries)
        {
            if (entry.Id == id)
            {
                return true;
            }
        }
        return false;
    }

    /// <param name="id">Drawn at random; no other session of the owner has it.</param>
    public void Add(ConnectionId id)
    {
        Debug.Assert(WantsAnother && !Contains(id), "Ids are limited, and each is another.");
        _entries.Add(new Entry(_nextSequence++, id, IdState.Untold));
        _untold++;
    }

    /// <summary>Takes the next id that the peer is to be told.</summary>
    public bool TryTell(out NewConnectionIdFrame frame)
    {
        frame = default;
        if (_untold == 0)
        {
            return false;
        }
        int index = _entries.FindIndex(entry => entry.State == IdState.Untold);
        Entry entry = _entries[index];
        _entries[index] = entry with { State = IdState.Told };
        _untold--;
        frame = new NewConnectionIdFrame(entry.Sequence, entry.Id);
        return true;
    }

    /// <summary>The packet that told of an id was lost.</summary>
    public void OnLost(ulong sequence)
    {
        int index = _entries.FindIndex(entry => entry.Sequence == sequence && entry.State == IdState.Told);
        if (index >= 0)
        {
            _entries[index] = _entries[index] with { State = IdState.Untold };
            _untold++;
        }
    }

    /// <param name="releasedAt">When no packet under the id can be on its way any more.</param>
    public TransportViolation? OnRetired(RetireConnectionIdFrame frame, Instant releasedAt)
    {
        int index = _entries.FindIndex(entry => entry.Sequence == frame.Sequence && entry.State != IdState.Retiring);
        if (index >= 0)
        {
            _untold -= _entries[index].State == IdState.Untold ? 1 : 0;
            _entries[index] = _entries[index] with { State = IdState.Retiring, ReleasedAt = releasedAt };
            _retiring++;
        }
        AssertInvariants();
        return frame.Sequence >= _nextSequence ? s_neverIssued : null;
    }

    /// <summary>Takes an id that the owner forgets now.</summary>
    public bool TryRelease(Instant now, out ConnectionId id)
    {
        for (int i = 0; _retiring > 0 && i < _entries.Count; i++)
        {
            if (_entries[i].State == IdState.Retiring && _entries[i].ReleasedAt <= now)
            {
                id = _entries[i].Id;
                _entries.RemoveAt(i);
                _retiring--;
                AssertInvariants();
                return true;
            }
        }
        id = default;
        return false;
    }

    /// <summary>All ids, for an owner that forgets the session.</summary>
    public IEnumerable<ConnectionId> All()
    {
        foreach (Entry entry in _entries)
        {
            yield return entry.Id;
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_entries.Count <= HeldMax, "Ids are limited.");
        Debug.Assert(_entries.Count - _retiring <= WireLimits.ConnectionIdsMax, "The peer has no more ids than it holds.");
    }

    private readonly record struct Entry(ulong Sequence, ConnectionId Id, IdState State, Instant ReleasedAt = default);
}
