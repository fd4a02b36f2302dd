using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Mesh.Membership;

/// <summary>The peers that this one knows of and believes: every entry's ticket has been verified.</summary>
/// <remarks>
/// A peer that the session's own earlier listing had and the next one lacks has left. A peer that only an earlier
/// session listed may be missing because the rendezvous restarted and has not heard from it yet, so it stays for one
/// card lifetime: a restarted rendezvous must not empty the routing tables of the mesh.
/// </remarks>
internal sealed class DirectoryView(TicketVerifier verifier)
{
    private readonly SortedDictionary<PeerId, Known> _peers = [];

    /// <summary>Sorted by peer id.</summary>
    public ImmutableArray<DirectoryEntry> Entries { get; private set; } = [];

    /// <summary>When <see cref="Expire"/> has something to drop of those that await their return.</summary>
    public Instant? NextTimeout { get; private set; }

    /// <summary>Entries that were refused in the last listing, because of their card or their ticket.</summary>
    public int Disbelieved { get; private set; }

    /// <summary>Takes over a whole listing; true when the entries changed.</summary>
    public bool Merge(Instant now, UnixTime unixNow, ulong session, IEnumerable<DirectoryEntry> listing)
    {
        bool changed = false;
        Disbelieved = 0;
        HashSet<PeerId> listed = [];
        foreach (DirectoryEntry entry in listing)
        {
            if (TryBelieve(unixNow, entry, out PeerId id, out VerifiedTicket? ticket))
            {
                changed |= !_peers.TryGetValue(id, out Known? known) || !known.Entry.Equals(entry);
                _peers[id] = new Known(entry, ticket!, session, AbsentSince: null);
                _ = listed.Add(id);
            }
            else
            {
                Disbelieved++;
            }
        }
        foreach ((PeerId id, Known known) in _peers.Where(peer => !listed.Contains(peer.Key)).ToArray())
        {
            if (known.Session == session)
            {
                _ = _peers.Remove(id);
                changed = true;
            }
            else if (known.AbsentSince is null)
            {
                _peers[id] = known with { AbsentSince = now };
            }
        }
        changed |= DropLapsed(now, unixNow);
        Publish(changed);
        return changed;
    }

    /// <summary>Drops what has lapsed by now; true when the entries changed.</summary>
    public bool Expire(Instant now, UnixTime unixNow)
    {
        bool changed = DropLapsed(now, unixNow);
        Publish(changed);
        return changed;
    }

    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(Ticket.ClockSkewSecondsMax);
    private static readonly TimeSpan AbsenceMax = TimeSpan.FromSeconds(MembershipTimings.CardLifetimeS);

    private bool TryBelieve(UnixTime unixNow, DirectoryEntry entry, out PeerId id, out VerifiedTicket? ticket)
    {
        id = default;
        ticket = null;
        if (PeerCardRules.FindFault(entry.Card) is not null || !PublicKey.TryRead(entry.Card.PublicKey.Span, out PublicKey key))
        {
            return false;
        }
        id = PeerId.Of(key);
        // Verifying costs a signature check; the same bytes need it once.
        if (_peers.TryGetValue(id, out Known? known) && known.Ticket.Envelope.Span.SequenceEqual(entry.Ticket.Span))
        {
            ticket = known.Ticket;
        }
        else if (verifier.Verify(entry.Ticket.Span, key, unixNow, out ticket) != TicketVerdict.Valid)
        {
            return false;
        }
        return ((PeerRoles)entry.Card.Roles & ~ticket!.Ticket.Roles) == 0;
    }

    private bool DropLapsed(Instant now, UnixTime unixNow)
    {
        KeyValuePair<PeerId, Known>[] lapsed = [.. _peers.Where(peer =>
            peer.Value.Ticket.Ticket.NotAfter + ClockSkew <= unixNow || now - (peer.Value.AbsentSince ?? now) >= AbsenceMax)];
        foreach ((PeerId id, _) in lapsed)
        {
            _ = _peers.Remove(id);
        }
        return lapsed.Length > 0;
    }

    private void Publish(bool changed)
    {
        NextTimeout = null;
        foreach (Known known in _peers.Values)
        {
            NextTimeout = Instant.Earlier(NextTimeout, known.AbsentSince + AbsenceMax);
        }
        if (changed)
        {
            Entries = [.. _peers.Values.Select(known => known.Entry)];
        }
    }

    private sealed record Known(DirectoryEntry Entry, VerifiedTicket Ticket, ulong Session, Instant? AbsentSince);
}
