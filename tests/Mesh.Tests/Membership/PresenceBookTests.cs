using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Security.Cryptography;
using Darkbloom.Mesh.Membership;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Presence;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using Xunit;

namespace Darkbloom.Mesh.Tests.Membership;

public sealed class PresenceBookTests : IDisposable
{
    private static readonly UnixTime _now = new(1_800_000_000);
    private static readonly TimeSpan _skew = TimeSpan.FromSeconds(Ticket.ClockSkewSecondsMax);
    private static readonly TimeSpan _life = TimeSpan.FromSeconds(PresenceCard.LifetimeSeconds);

    private readonly TicketSigner _signer = TicketSigner.Import(NewPkcs8());
    private readonly TicketVerifier _verifier = new("test");
    private readonly List<PeerIdentity> _identities = [];
    private readonly PeerIdentity _self;
    private readonly PresenceBook _book;
    private int _verified;

    public PresenceBookTests()
    {
        Assert.True(_verifier.Trust(_signer.PublicKey));
        _self = NewIdentity();
        _book = NewBook(PresenceBook.EntriesMax);
    }

    public void Dispose()
    {
        _identities.ForEach(static identity => identity.Dispose());
        _signer.Dispose();
    }

    [Fact]
    public void A_signed_card_with_a_ticket_is_news_once()
    {
        PeerIdentity peer = NewIdentity();
        byte[] card = Card(peer, 1), ticket = TicketOf(peer);

        Assert.Equal(PresenceVerdict.News, _book.OnEntry(_now, card, ticket, out _));
        Assert.Equal(PresenceVerdict.Known, _book.OnEntry(_now, card, ticket, out _));
        Assert.Equal(1, _verified);
        Assert.Equal(card, _book.Find(peer.Id)!.CardBytes.ToArray());
    }

    [Fact]
    public void A_newer_card_replaces_and_an_older_one_is_stale()
    {
        PeerIdentity peer = NewIdentity();
        byte[] ticket = TicketOf(peer);
        Assert.Equal(PresenceVerdict.News, _book.OnEntry(_now, Card(peer, 5), ticket, out _));
        Assert.Equal(PresenceVerdict.News, _book.OnEntry(_now, Card(peer, 6), ticket, out _));
        Assert.Equal(PresenceVerdict.Stale, _book.OnEntry(_now, Card(peer, 5), ticket, out _));

        Assert.Equal(6ul, Assert.Single(_book.Entries).Card.Epoch);
        Assert.Equal(1, _verified); // the same ticket is verified once
    }

    [Fact]
    public void A_card_is_believed_within_its_life_and_the_difference_of_clocks()
    {
        PeerIdentity peer = NewIdentity();
        byte[] ticket = TicketOf(peer);
        TimeSpan second = TimeSpan.FromSeconds(1);

        Assert.Equal(PresenceVerdict.FromFuture, _book.OnEntry(_now, Card(peer, 1, _now + _skew + second), ticket, out _));
        Assert.Equal(PresenceVerdict.News, _book.OnEntry(_now, Card(peer, 1, _now + _skew), ticket, out _));
        Assert.Equal(PresenceVerdict.Expired, _book.OnEntry(_now + _life + _skew, Card(peer, 2, _now), ticket, out _));
        Assert.Equal(PresenceVerdict.News, _book.OnEntry(_now + (_life + _skew - second), Card(peer, 2, _now), ticket, out _));
        _book.Expire(_now + (_life + _skew - second));
        Assert.Single(_book.Entries);
        _book.Expire(_now + _life + _skew);
        Assert.Empty(_book.Entries);
    }

    [Fact]
    public void Only_the_holder_of_a_ticket_is_believed()
    {
        PeerIdentity peer = NewIdentity(), other = NewIdentity();
        byte[] forged = Card(peer, 1);
        forged[^1] ^= 1;

        Assert.Equal(PresenceVerdict.Forged, _book.OnEntry(_now, forged, TicketOf(peer), out _));
        Assert.Equal(PresenceVerdict.NoTicket, _book.OnEntry(_now, Card(peer, 1), TicketOf(other), out _));
        Assert.Equal(PresenceVerdict.NoTicket, _book.OnEntry(_now, Card(peer, 1), [], out _));
        Assert.Equal(PresenceVerdict.NoTicket, _book.OnEntry(_now, Card(peer, 1), TicketOf(peer, PeerRoles.Gateway), out _));
        using TicketSigner stranger = TicketSigner.Import(NewPkcs8());
        Assert.Equal(PresenceVerdict.NoTicket, _book.OnEntry(_now, Card(peer, 1), TicketOf(peer, signer: stranger), out _));
        Assert.Equal(PresenceVerdict.Malformed, _book.OnEntry(_now, [1, 2, 3], TicketOf(peer), out _));
        Assert.Equal(PresenceVerdict.Malformed, _book.OnEntry(_now, Card(_self, 1), TicketOf(_self), out _));
        Assert.Empty(_book.Entries);
    }

    [Fact]
    public void Who_said_goodbye_stays_away_until_it_has_a_newer_card()
    {
        PeerIdentity peer = NewIdentity();
        byte[] ticket = TicketOf(peer);
        _ = _book.OnEntry(_now, Card(peer, 5), ticket, out _);
        _book.OnGoodbye(peer.Id);

        Assert.Equal(PresenceVerdict.Stale, _book.OnEntry(_now, Card(peer, 5), ticket, out _));
        Assert.Equal(PresenceVerdict.News, _book.OnEntry(_now, Card(peer, 6), ticket, out _));
    }

    [Fact]
    public void Tickets_that_lapse_take_their_cards_along()
    {
        PeerIdentity peer = NewIdentity();
        _ = _book.OnEntry(_now, Card(peer, 1), TicketOf(peer, notAfter: _now + TimeSpan.FromSeconds(10)), out _);
        _book.Expire(_now + _skew + TimeSpan.FromSeconds(9));
        Assert.Single(_book.Entries);
        _book.Expire(_now + _skew + TimeSpan.FromSeconds(10));
        Assert.Empty(_book.Entries);
    }

    [Fact]
    public void The_book_holds_no_more_than_its_limit_and_keeps_young_cards_rather_than_old_ones()
    {
        PresenceBook book = NewBook(16);
        for (int i = 0; i < 60; i++)
        {
            PeerIdentity peer = NewIdentity();
            Assert.Equal(PresenceVerdict.News, book.OnEntry(_now, Card(peer, 1, _now + TimeSpan.FromSeconds(i - 60)), TicketOf(peer), out _));
            Assert.Equal(Math.Min(i + 1, 16), book.Entries.Count);
            Assert.NotNull(book.Find(peer.Id));
        }

        Assert.InRange(book.Entries.Average(static entry => entry.Card.IssuedAt.Seconds - _now.Seconds), -30, 0);
        Assert.Equal(4, book.Draw(4).Distinct().Count());
    }

    private static byte[] NewPkcs8()
    {
        using ECDiffieHellman key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKey();
    }

    private static byte[] Card(PeerIdentity peer, ulong epoch, UnixTime? issuedAt = null) => new PresenceCard(
        peer.PublicKey, PeerRoles.Node, HardwareClass: 0, Region: 0, Reachability.Direct, Slots: 1, epoch, issuedAt ?? _now,
        new PathAddress(1, 4321), Relay: 0, [PresenceCard.NameOf("tiny")]).Sign(peer);

    private byte[] TicketOf(PeerIdentity peer, PeerRoles roles = PeerRoles.Node, TicketSigner? signer = null, UnixTime? notAfter = null)
    {
        UnixTime end = notAfter ?? _now + TimeSpan.FromMinutes(50);
        return (signer ?? _signer).Sign(new Ticket(
            "test", (UInt128)_identities.Count, end + TimeSpan.FromHours(-1), end, peer.PublicKey, peer.PublicKey, roles, TrustTier.Self, ReadOnlyMemory<byte>.Empty));
    }

    private PresenceBook NewBook(int entriesMax) => new(_self.Id, TryVerify, entriesMax, new Prng(1));

    private bool TryVerify(ReadOnlySpan<byte> envelope, PublicKey holder, [NotNullWhen(true)] out VerifiedTicket? ticket)
    {
        _verified++;
        return _verifier.Verify(envelope, holder, _now, out ticket) == TicketVerdict.Valid && ticket is not null;
    }

    private PeerIdentity NewIdentity()
    {
        PeerIdentity identity = PeerIdentity.Import(NewPkcs8());
        _identities.Add(identity);
        return identity;
    }
}
