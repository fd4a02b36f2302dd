using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Darkbloom.Gateway.Storage;

namespace Darkbloom.Gateway.Responses;

/// <summary>What was answered and may be asked for again, encrypted; the oldest gives way to the newest.</summary>
internal sealed class ResponseStore(TimeProvider time)
{
    public const int ResponsesMax = 10_000;

    public const long BytesMax = 256 * 1024 * 1024;

    public static readonly TimeSpan TimeMax = TimeSpan.FromHours(24);

    private readonly Lock _gate = new();
    private readonly StateSeal _seal = StateSeal.Draw();
    private readonly Dictionary<string, LinkedListNode<Kept>> _byId = [];

    /// <summary>The oldest first.</summary>
    private readonly LinkedList<Kept> _byAge = new();

    private long _bytes;

    public StateSeal Seal => _seal;

    public void Put(string id, string owner, ReadOnlySpan<byte> state)
    {
        Kept kept = new(id, _seal.TagOf(owner), _seal.Seal(owner, id, state), time.GetTimestamp());
        lock (_gate)
        {
            Forget(id);
            _byId.Add(id, _byAge.AddLast(kept));
            _bytes += kept.State.Length;
            MakeRoom();
        }
    }

    /// <summary>The state, or null when there is none for this client.</summary>
    public byte[]? Find(string id, string owner)
    {
        byte[] state;
        lock (_gate)
        {
            MakeRoom();
            if (!_byId.TryGetValue(id, out LinkedListNode<Kept>? node))
            {
                return null;
            }

            state = node.Value.State;
        }

        return _seal.TryOpen(owner, id, state);
    }

    /// <summary>All states of this client, those that were put first before the others.</summary>
    public IReadOnlyList<byte[]> List(string owner)
    {
        string tag = _seal.TagOf(owner);
        Kept[] owned;
        lock (_gate)
        {
            MakeRoom();
            owned = [.. _byAge.Where(kept => kept.OwnerTag == tag)];
        }

        return [.. owned.Select(kept => _seal.TryOpen(owner, kept.Id, kept.State)!)];
    }

    /// <summary>False when there is no such state for this client.</summary>
    public bool TryRemove(string id, string owner)
    {
        if (Find(id, owner) is null)
        {
            return false;
        }

        lock (_gate)
        {
            return Forget(id);
        }
    }

    private void MakeRoom()
    {
        while (_byAge.First is { } oldest
            && (_byAge.Count > ResponsesMax || _bytes > BytesMax || time.GetElapsedTime(oldest.Value.Since) > TimeMax))
        {
            Forget(oldest.Value.Id);
        }
    }

    private bool Forget(string id)
    {
        if (!_byId.Remove(id, out LinkedListNode<Kept>? node))
        {
            return false;
        }

        _byAge.Remove(node);
        _bytes -= node.Value.State.Length;
        return true;
    }

    private sealed record Kept(string Id, string OwnerTag, byte[] State, long Since);
}
