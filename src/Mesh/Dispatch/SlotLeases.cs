using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Dispatch;

/// <summary>Keeps free slots for the gateways that used this node lately, so that they need not guess where one is free.</summary>
/// <remarks>
/// A lease's life:
/// <code>
/// (none) -> [a slot is free, nobody waits, and a gateway's demand is above what it holds] -> Held   the gateway is told
/// Held   -> [an offer of its gateway names it]       -> (none)   spent, whatever becomes of the offer
/// Held   -> [an offer of its gateway finds no other slot] -> (none)   the offer and the lease crossed on the way
/// Held   -> [its time is over]                       -> (none)   it costs the gateway one request's worth of demand
/// Held   -> [its gateway is gone, or the node leaves] -> (none)
/// </code>
/// A gateway earns demand by requests that were taken on, and each lease that it lets expire takes as much away: so a
/// gateway that hoards keeps idle no more slots than it has filled. An id is worth nothing to anybody but the gateway that
/// it was given to, whose session proves who it is; so ids count up, and none needs a signature.
/// </remarks>
internal sealed class SlotLeases(TimeSpan time)
{
    /// <summary>Requests' worth of demand that one gateway can have.</summary>
    public const int DemandMax = 64;

    /// <summary>Demand that is this old counts 1/e.</summary>
    public static readonly TimeSpan DemandAge = TimeSpan.FromSeconds(30);

    private readonly SortedDictionary<PeerId, Gateway> _gateways = [];
    private readonly Queue<LeaseGrant> _grants = [];

    /// <summary>By id, which is the order of their ends.</summary>
    private readonly SortedDictionary<ulong, Lease> _held = [];

    private ulong _lastId;

    /// <summary>Slots that are kept.</summary>
    public int Held => _held.Count;

    public Instant? NextTimeout => _held.Count == 0 ? null : _held.First().Value.ExpiresAt;

    /// <summary>The gateway listens for leases.</summary>
    public void OnSubscribed(PeerId gateway) => _gateways.TryAdd(gateway, new Gateway());

    /// <summary>The gateway is gone.</summary>
    public void OnUnsubscribed(PeerId gateway)
    {
        _ = _gateways.Remove(gateway);
        Drop(lease => lease.Gateway == gateway);
    }

    /// <summary>A request of the gateway was taken on.</summary>
    public void OnAdmitted(Instant now, PeerId gateway, int slots)
    {
        if (_gateways.TryGetValue(gateway, out Gateway? known))
        {
            known.Demand = Math.Min(known.DemandAt(now) + slots, DemandMax);
            known.Since = now;
        }
    }

    /// <summary>Ends the leases that an offer of the gateway names.</summary>
    /// <returns>How many were its own and held.</returns>
    public int Spend(Instant now, PeerId gateway, ReadOnlySpan<ulong> ids)
    {
        int spent = 0;
        foreach (ulong id in ids)
        {
            if (_held.TryGetValue(id, out Lease lease) && lease.Gateway == gateway && now < lease.ExpiresAt)
            {
                End(id, lease);
                spent++;
            }
        }

        return spent;
    }

    /// <summary>Ends up to so many leases of the gateway, oldest first: an offer that names none crossed them on the way.</summary>
    /// <returns>How many.</returns>
    public int Recall(PeerId gateway, int count)
    {
        int recalled = 0;
        foreach ((ulong id, Lease lease) in _held.Where(held => held.Value.Gateway == gateway).Take(count).ToList())
        {
            End(id, lease);
            recalled++;
        }

        return recalled;
    }

    /// <summary>Ends what is over; harmless when it is early.</summary>
    public void OnTimeout(Instant now)
    {
        while (_held.Count > 0 && _held.First() is { Value: var lease, Key: var id } && lease.ExpiresAt <= now)
        {
            End(id, lease);
            Gateway holder = _gateways[lease.Gateway];
            holder.Demand = Math.Max(0, holder.DemandAt(now) - 1);
            holder.Since = now;
        }
    }

    /// <summary>The node leaves: nothing is kept any more.</summary>
    public void Clear() => Drop(static _ => true);

    /// <summary>Keeps up to so many more slots, each for the gateway whose demand is the furthest above what it holds.</summary>
    public void Issue(Instant now, int slots)
    {
        for (int i = 0; i < slots && time > TimeSpan.Zero; i++)
        {
            (PeerId chosen, double most) = (default, 0);
            foreach ((PeerId id, Gateway gateway) in _gateways)
            {
                // The highest average: slots are shared out as demand is.
                double demand = gateway.DemandAt(now);
                double average = demand / (gateway.Held + 1);
                (chosen, most) = average > most && demand >= gateway.Held + 0.5 ? (id, average) : (chosen, most);
            }

            if (most == 0)
            {
                return;
            }

            Instant expiresAt = now + time;
            _gateways[chosen].Held++;
            _held[++_lastId] = new Lease(chosen, expiresAt);
            _grants.Enqueue(new LeaseGrant(chosen, _lastId, expiresAt));
        }

        AssertInvariants();
    }

    /// <summary>What gateways are to be told.</summary>
    public bool TryTakeGrant(out LeaseGrant grant)
    {
        while (_grants.TryDequeue(out grant))
        {
            if (_held.ContainsKey(grant.Id))
            {
                return true;
            }
        }

        return false;
    }

    private void Drop(Predicate<Lease> which)
    {
        foreach ((ulong id, Lease lease) in _held.Where(held => which(held.Value)).ToList())
        {
            End(id, lease);
        }

        AssertInvariants();
    }

    private void End(ulong id, in Lease lease)
    {
        _ = _held.Remove(id);
        if (_gateways.TryGetValue(lease.Gateway, out Gateway? holder))
        {
            holder.Held--;
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_gateways.Values.Sum(static gateway => gateway.Held) == _held.Count, "each lease has one holder that listens");
        Debug.Assert(_gateways.Values.All(static gateway => gateway.Held >= 0), "a lease ends once");
    }

    private readonly record struct Lease(PeerId Gateway, Instant ExpiresAt);

    private sealed class Gateway
    {
        /// <summary>Requests that were taken on, less leases that expired, as of <see cref="Since"/>.</summary>
        public double Demand { get; set; }

        public Instant Since { get; set; }

        public int Held { get; set; }

        public double DemandAt(Instant now) => Demand == 0 ? 0 : Demand * Math.Exp(-((now - Since) / DemandAge));
    }
}
