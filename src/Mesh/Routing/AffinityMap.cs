using System;
using System.Collections.Generic;
using System.Diagnostics;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Routing;

/// <summary>Remembers which node has which beginning of a conversation in its cache.</summary>
/// <remarks>It stays in the gateway: whoever knew the keys of others could tell what they asked.</remarks>
public sealed class AffinityMap
{
    /// <summary>Beginnings that are remembered; the one that was used longest ago gives way.</summary>
    public const int EntriesMax = 16_384;

    /// <summary>A node serves others meanwhile, and its cache holds a few conversations only.</summary>
    public static readonly TimeSpan AgeMax = TimeSpan.FromMinutes(10);

    private readonly Dictionary<UInt128, LinkedListNode<Entry>> _entries = [];

    /// <summary>The newest first.</summary>
    private readonly LinkedList<Entry> _order = [];

    public int Count => _entries.Count;

    /// <summary>The node got a prompt that begins so.</summary>
    public void OnPrompted(Instant now, UInt128 beginning, PeerId node)
    {
        if (_entries.Remove(beginning, out LinkedListNode<Entry>? known))
        {
            _order.Remove(known);
        }
        else if (_entries.Count == EntriesMax)
        {
            _ = _entries.Remove(_order.Last!.Value.Beginning);
            _order.RemoveLast();
        }

        _entries[beginning] = _order.AddFirst(new Entry(beginning, node, now));
        Debug.Assert(_entries.Count == _order.Count && _entries.Count <= EntriesMax, "each beginning has one place in the order");
    }

    /// <summary>The node of the first of these beginnings that one is known for.</summary>
    public PeerId? Find(Instant now, ReadOnlySpan<UInt128> beginnings)
    {
        foreach (UInt128 beginning in beginnings)
        {
            if (_entries.TryGetValue(beginning, out LinkedListNode<Entry>? known) && now - known.Value.At <= AgeMax)
            {
                return known.Value.Node;
            }
        }

        return null;
    }

    private readonly record struct Entry(UInt128 Beginning, PeerId Node, Instant At);
}
