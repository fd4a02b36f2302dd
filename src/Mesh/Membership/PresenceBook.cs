using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Presence;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Mesh.Membership;

/// <summary>The peers that others told of and that this one believes: of each, ticket and signature were verified here.</summary>
/// <remarks>Inputs are <see cref="OnEntry"/>, <see cref="OnGoodbye"/> and <see cref="Expire"/>; the rest reads.</remarks>
/// <param name="verify">Judges a ticket for the key of its holder.</param>
/// <param name="entriesMax">When as many are known, the older one of two drawn at random makes room.</param>
public sealed class PresenceBook(PeerId self, PresenceBook.TicketJudge verify, int entriesMax, Prng prng)
{
    /// <summary>Peers that one peer remembers.</summary>
    public const int EntriesMax = 256;

    /// <summary>Peers that said goodbye and whose old cards may still go round; the first to go makes room.</summary>
    public const int GoodbyesMax = 1024;

    private static readonly TimeSpan _skew = TimeSpan.FromSeconds(Ticket.ClockSkewSecondsMax);
    private static readonly TimeSpan _lifetime = TimeSpan.FromSeconds(PresenceCard.LifetimeSeconds);

    private readonly Dictionary<PeerId, int> _places = [];
    private readonly List<Presence> _entries = [];
    private readonly Dictionary<PeerId, ulong> _gone = [];
    private readonly Queue<PeerId> _goneInOrder = new();

    /// <summary>Judges a ticket.</summary>
    public delegate bool TicketJudge(ReadOnlySpan<byte> envelope, PublicKey holder, [NotNullWhen(true)] out VerifiedTicket? ticket);

    /// <summary>In no particular order.</summary>
    public IReadOnlyList<Presence> Entries => _entries;

    public Presence? Find(PeerId peer) => _places.TryGetValue(peer, out int place) ? _entries[place] : null;

    /// <summary>Somebody passed on a card and its ticket. What is cheap to judge is judged first.</summary>
    /// <param name="peer">Whose card it says it is.</param>
    public PresenceVerdict OnEntry(UnixTime now, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> envelope, out PeerId peer)
    {
        peer = default;
        if (!PresenceCard.TryRead(bytes, out PresenceCard card))
        {
            return PresenceVerdict.Malformed;
        }

        peer = card.Peer;
        if (peer == self)
        {
            return PresenceVerdict.Malformed;
        }

        if (card.IssuedAt > now + _skew)
        {
            return PresenceVerdict.FromFuture;
        }

        if (HasLapsed(card, now))
        {
            return PresenceVerdict.Expired;
        }

        Presence? known = Find(peer);
        if (known is not null && card.Epoch <= known.Card.Epoch)
        {
            return card.Epoch == known.Card.Epoch ? PresenceVerdict.Known : PresenceVerdict.Stale;
        }

        if (_gone.TryGetValue(peer, out ulong last) && card.Epoch <= last)
        {
            return PresenceVerdict.Stale;
        }

        VerifiedTicket? ticket = known is not null && known.Ticket.Envelope.Span.SequenceEqual(envelope) ? known.Ticket : null;
        if ((ticket is null && !verify(envelope, card.Key, out ticket)) || (card.Roles & ~ticket.Ticket.Roles) != 0)
        {
            return PresenceVerdict.NoTicket;
        }

        if (!PresenceCard.IsSigned(bytes, card.Key))
        {
            return PresenceVerdict.Forged;
        }

        Put(peer, new Presence(card, bytes.ToArray(), ticket));
        AssertInvariants();
        return PresenceVerdict.News;
    }

    /// <summary>The peer itself said that it leaves: what others still tell of it is old.</summary>
    public void OnGoodbye(PeerId peer)
    {
        if (Find(peer) is not { } known)
        {
            return;
        }

        Remove(peer);
        if (_gone.TryAdd(peer, known.Card.Epoch))
        {
            _goneInOrder.Enqueue(peer);
        }
        else
        {
            _gone[peer] = known.Card.Epoch;
        }

        if (_goneInOrder.Count > GoodbyesMax)
        {
            _ = _gone.Remove(_goneInOrder.Dequeue());
        }

        AssertInvariants();
    }

    /// <summary>Forgets cards and tickets that have lapsed.</summary>
    public void Expire(UnixTime now)
    {
        for (int i = _entries.Count - 1; i >= 0; i--)
        {
            if (HasLapsed(_entries[i].Card, now) || now >= _entries[i].Ticket.Ticket.NotAfter + _skew)
            {
                Remove(_entries[i].Card.Peer);
            }
        }

        AssertInvariants();
    }

    /// <summary>Up to so many different peers at random, to tell others of.</summary>
    public List<Presence> Draw(int count)
    {
        List<Presence> drawn = [];
        for (int draws = 0; draws < 2 * count && drawn.Count < count && _entries.Count > 0; draws++)
        {
            Presence one = _entries[prng.Next(_entries.Count)];
            if (!drawn.Contains(one))
            {
                drawn.Add(one);
            }
        }

        return drawn;
    }

    private static bool HasLapsed(in PresenceCard card, UnixTime now) => now >= card.IssuedAt + _lifetime + _skew;

    private void Put(PeerId peer, Presence presence)
    {
        if (_places.TryGetValue(peer, out int place))
        {
            _entries[place] = presence;
            return;
        }

        if (_entries.Count == entriesMax)
        {
            Presence one = _entries[prng.Next(_entries.Count)], other = _entries[prng.Next(_entries.Count)];
            Remove((one.Card.IssuedAt < other.Card.IssuedAt ? one : other).Card.Peer);
        }

        _places[peer] = _entries.Count;
        _entries.Add(presence);
    }

    /// <summary>The last one takes the place of the one that goes.</summary>
    private void Remove(PeerId peer)
    {
        if (!_places.Remove(peer, out int place))
        {
            return;
        }

        Presence last = _entries[^1];
        _entries.RemoveAt(_entries.Count - 1);
        if (place < _entries.Count)
        {
            _entries[place] = last;
            _places[last.Card.Peer] = place;
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_entries.Count == _places.Count && _entries.Count <= entriesMax, "each peer has one place, and there are not too many");
        Debug.Assert(_gone.Count == _goneInOrder.Count && _gone.Count <= GoodbyesMax, "goodbyes are remembered in order");
    }
}
