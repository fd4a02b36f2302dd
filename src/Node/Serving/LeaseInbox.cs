using System.Collections.Generic;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Serving;

/// <summary>The leases that a load stream hasn't told its gateway yet: never more than there are slots, whether or not it reads.</summary>
internal sealed class LeaseInbox(PeerId gateway)
{
    private readonly Queue<LeaseGrant> _grants = [];

    public PeerId Gateway { get; } = gateway;

    public void Add(in LeaseGrant grant, Instant now)
    {
        LeaveOutOver(now);
        _grants.Enqueue(grant);
    }

    /// <summary>The next lease that isn't over; null when there is none.</summary>
    public SlotLease? Take(Instant now)
    {
        LeaveOutOver(now);
        return _grants.TryDequeue(out LeaseGrant grant)
            ? new SlotLease { Id = grant.Id, TtlMs = (uint)(grant.ExpiresAt - now).TotalMilliseconds }
            : null;
    }

    private void LeaveOutOver(Instant now)
    {
        while (_grants.TryPeek(out LeaseGrant first) && (first.ExpiresAt - now).TotalMilliseconds < 1)
        {
            _ = _grants.Dequeue();
        }
    }
}
