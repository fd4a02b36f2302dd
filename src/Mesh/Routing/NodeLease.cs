using System;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Routing;

/// <summary>A free slot that a node keeps for this peer: a lease whose numbers were checked.</summary>
/// <param name="Id">Names it in the offer that spends it.</param>
/// <param name="Time">From now on; an offer that comes later finds it gone.</param>
public readonly record struct NodeLease(ulong Id, TimeSpan Time)
{
    /// <summary>Reads a lease; false when no node may give it.</summary>
    public static bool TryRead(SlotLease? lease, out NodeLease read)
    {
        read = default;
        if (lease is not { Id: not 0, TtlMs: > 0 and <= InferenceLimits.LeaseMsMax })
        {
            return false;
        }

        read = new NodeLease(lease.Id, TimeSpan.FromMilliseconds(lease.TtlMs));
        return true;
    }
}
