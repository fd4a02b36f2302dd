using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Linq;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Darkbloom.Rendezvous.Limits;
using Google.Protobuf;

namespace Darkbloom.Rendezvous.Introductions;

/// <summary>The cards of all members that published one lately.</summary>
/// <remarks>
/// The version starts at the time of the start and only grows, so no version of an earlier run comes again and makes a
/// peer believe that it is up to date.
/// </remarks>
internal sealed class PeerDirectory(UnixTime startedAt, int cardsMax = RegistrarLimits.CardsMax)
{
    private const int VersionBitsPerSecond = 24;

    private readonly SortedDictionary<PeerId, Listing> _listings = [];
    private readonly SortedSet<(Instant ExpiresAt, PeerId Peer)> _expiries = [];
    private ImmutableArray<(PeerId Peer, Listing Listing)>? _sorted;

    public ulong Version { get; private set; } = (ulong)Math.Max(startedAt.Seconds, 1) << VersionBitsPerSecond;

    public int Count => _listings.Count;

    public Instant? NextTimeout => _expiries.Count == 0 ? null : _expiries.Min.ExpiresAt;

    public Listing? Find(PeerId peer) => _listings.GetValueOrDefault(peer);

    public bool HasRoomFor(PeerId peer) => _listings.Count < cardsMax || _listings.ContainsKey(peer);

    /// <summary>Lists the card until <paramref name="expiresAt"/>; true when others see a difference.</summary>
    public bool Put(PeerId peer, PeerCard card, PathAddress observed, ReadOnlyMemory<byte> ticket, Instant expiresAt)
    {
        Debug.Assert(HasRoomFor(peer), "The registrar refuses cards that don't fit.");
        Listing? before = Find(peer);
        DirectoryEntry entry = new() { Card = card, Ticket = ByteString.CopyFrom(ticket.Span) };
        if (before is not null)
        {
            _ = _expiries.Remove((before.ExpiresAt, peer));
        }
        bool changed = before is null || !before.Entry.Equals(entry);
        _listings[peer] = new Listing(entry, observed, expiresAt, entry.CalculateSize());
        _ = _expiries.Add((expiresAt, peer));
        if (changed)
        {
            Change();
        }
        AssertInvariants();
        return changed;
    }

    /// <summary>Shows a renewed ticket; silent, because the one before is good for a while.</summary>
    public void Renew(PeerId peer, ReadOnlyMemory<byte> ticket)
    {
        if (Find(peer) is { } listing)
        {
            DirectoryEntry entry = new() { Card = listing.Entry.Card, Ticket = ByteString.CopyFrom(ticket.Span) };
            _listings[peer] = listing with { Entry = entry, Bytes = entry.CalculateSize() };
            Change();
        }
    }

    public bool Remove(PeerId peer)
    {
        if (!_listings.Remove(peer, out Listing? listing))
        {
            return false;
        }
        _ = _expiries.Remove((listing.ExpiresAt, peer));
        Change();
        AssertInvariants();
        return true;
    }

    /// <summary>Drops the cards that weren't published again in time; true when there were any.</summary>
    public bool Expire(Instant now)
    {
        bool any = false;
        while (_expiries.Count > 0 && _expiries.Min.ExpiresAt <= now)
        {
            any |= Remove(_expiries.Min.Peer);
        }
        return any;
    }

    /// <summary>
    /// Answers a reader. When not everything fits, each reader gets the stretch of the ring of ids that begins with its
    /// own, so that together the readers know all.
    /// </summary>
    public Directory Answer(PeerId reader, DirectoryRequest request)
    {
        Directory answer = new() { Version = Version };
        if (request.KnownVersion == Version)
        {
            answer.Unchanged = true;
            return answer;
        }
        ImmutableArray<(PeerId Peer, Listing Listing)> sorted = _sorted ??= [.. _listings.Select(pair => (pair.Key, pair.Value))];
        int first = FirstFrom(sorted, reader);
        long entriesMax = request.EntriesMax == 0 ? long.MaxValue : request.EntriesMax;
        int bytes = 0;
        for (int offset = 0; offset < sorted.Length && answer.Entries.Count < entriesMax; offset++)
        {
            Listing listing = sorted[(first + offset) % sorted.Length].Listing;
            if (request.Model.Length > 0 && !listing.Entry.Card.Models.Any(model => model.Id == request.Model))
            {
                continue;
            }
            bytes += listing.Bytes + EntryFramingBytesMax;
            if (bytes > RegistrarLimits.DirectoryBytesMax)
            {
                break;
            }
            answer.Entries.Add(listing.Entry);
        }
        return answer;
    }

    /// <summary>Tag and length of one entry inside the answer.</summary>
    private const int EntryFramingBytesMax = 6;

    private static int FirstFrom(ImmutableArray<(PeerId Peer, Listing Listing)> sorted, PeerId reader)
    {
        int low = 0;
        int high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = sorted[middle].Peer < reader ? (middle + 1, high) : (low, middle);
        }
        return low;
    }

    private void Change()
    {
        Version++;
        _sorted = null;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants() =>
        Debug.Assert(_listings.Count == _expiries.Count, "Every listing has exactly one expiry.");

    /// <param name="Observed">Where the peer was seen when it published.</param>
    /// <param name="Bytes">Serialized size of the entry.</param>
    internal sealed record Listing(DirectoryEntry Entry, PathAddress Observed, Instant ExpiresAt, int Bytes);
}
