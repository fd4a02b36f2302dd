using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Membership;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Mesh.Tests.Membership;

public sealed class GossipStateTests : IDisposable
{
    private readonly GossipWorld _world = new(seed: 21);

    public void Dispose() => _world.Dispose();

    [Fact]
    public void Peers_that_each_know_one_other_learn_of_many()
    {
        _world.Grow(30);
        _world.RunFor(TimeSpan.FromMinutes(10));

        Assert.All(_world.Members, member => Assert.InRange(member.State.Book.Entries.Count, 15, 29));
    }

    [Fact]
    public void A_card_of_a_newcomer_arrives_although_nobody_lists_it()
    {
        _world.Grow(20);
        _world.RunFor(TimeSpan.FromMinutes(3));
        GossipWorld.Member newcomer = _world.Add(_world.Members[5].Id);
        _world.RunFor(TimeSpan.FromMinutes(5));

        Assert.InRange(_world.Members.Count(member => member.State.Book.Find(newcomer.Id) is not null), 12, 20);
    }

    [Fact]
    public void A_renewed_card_replaces_the_old_one_elsewhere()
    {
        _world.Grow(12);
        _world.RunFor(TimeSpan.FromMinutes(8)); // longer than any card lives

        Assert.All(_world.Members, member => Assert.NotEmpty(member.State.Book.Entries));
        Assert.All(
            _world.Members.SelectMany(static member => member.State.Book.Entries),
            entry => Assert.True(_world.UnixNow - entry.Card.IssuedAt < TimeSpan.FromSeconds(360 + 120), "what is old is forgotten"));
    }

    [Fact]
    public void Who_leaves_is_forgotten_and_its_old_card_does_not_come_back_from_others()
    {
        _world.Grow(8);
        _world.RunFor(TimeSpan.FromMinutes(3));
        GossipWorld.Member leaver = _world.Members[3];
        CardEntry old = leaver.Own!;
        List<GossipWorld.Member> neighbors = [.. _world.Members.Where(member => member.Overlay.Active.Contains(leaver.Id))];
        _world.Leave(leaver);
        _world.RunFor(TimeSpan.FromSeconds(1));

        Assert.NotEmpty(neighbors);
        foreach (GossipWorld.Member neighbor in neighbors)
        {
            neighbor.State.Receive(_world.Now, _world.UnixNow, _world.Members[0].Id, Exchange(old));
            Assert.Null(neighbor.State.Book.Find(leaver.Id));
        }
    }

    [Fact]
    public void A_forged_card_makes_no_neighbour_and_is_not_passed_on()
    {
        _world.Grow(2);
        GossipWorld.Member victim = _world.Members[0];
        GossipWorld.Member stranger = _world.Stranger();
        CardEntry forged = stranger.Own!.Clone();
        forged.Ticket = victim.Own!.Ticket;
        foreach (OverlayNoticeKind kind in Enum.GetValues<OverlayNoticeKind>())
        {
            OverlayNotice notice = new() { Kind = kind, About = forged, HopsLeft = uint.MaxValue };
            victim.State.Receive(_world.Now, _world.UnixNow, stranger.Id, new GossipMessage { Notice = notice });
        }

        victim.State.Receive(_world.Now, _world.UnixNow, stranger.Id, new GossipMessage());
        Assert.Null(victim.State.Book.Find(stranger.Id));
        Assert.DoesNotContain(stranger.Id, victim.Overlay.Active.Concat(victim.Overlay.Passive));
    }

    [Fact]
    public void The_card_of_one_peer_makes_no_neighbour_of_another()
    {
        _world.Grow(3);
        GossipWorld.Member victim = _world.Members[0];
        GossipWorld.Member stranger = _world.Stranger();
        OverlayNotice notice = new() { Kind = OverlayNoticeKind.UrgentNeighbor, About = _world.Members[1].Own };
        victim.State.Receive(_world.Now, _world.UnixNow, stranger.Id, new GossipMessage { Notice = notice });

        Assert.DoesNotContain(stranger.Id, victim.Overlay.Active);
    }

    [Fact]
    public void An_answer_that_nobody_asked_for_is_not_read()
    {
        _world.Grow(2);
        GossipWorld.Member victim = _world.Members[0];
        GossipWorld.Member newcomer = _world.Stranger(isMember: true);
        victim.State.Receive(_world.Now, _world.UnixNow, newcomer.Id, new GossipMessage { Answer = Exchange(newcomer.Own!).Exchange });

        Assert.Null(victim.State.Book.Find(newcomer.Id));
    }

    [Fact]
    public void A_sender_that_tells_too_much_is_heard_again_a_minute_later()
    {
        _world.Grow(2);
        GossipWorld.Member victim = _world.Members[0];
        PeerId sender = _world.Stranger().Id;
        for (int i = 0; i < GossipState.CardsPerSenderMax; i++)
        {
            victim.State.Receive(_world.Now, _world.UnixNow, sender, Exchange(new CardEntry()));
        }

        GossipWorld.Member newcomer = _world.Stranger(isMember: true);
        victim.State.Receive(_world.Now, _world.UnixNow, sender, Exchange(newcomer.Own!));
        Assert.Null(victim.State.Book.Find(newcomer.Id));

        victim.State.Timeout(_world.Now + GossipState.MeterInterval, _world.UnixNow);
        victim.State.Receive(_world.Now, _world.UnixNow, sender, Exchange(newcomer.Own!));
        Assert.NotNull(victim.State.Book.Find(newcomer.Id));
    }

    [Fact]
    public void An_exchange_tells_no_more_cards_than_it_may_and_never_the_receivers_own()
    {
        _world.Grow(12);
        _world.RunFor(TimeSpan.FromMinutes(3));

        Assert.NotEmpty(_world.Exchanges);
        Assert.All(_world.Exchanges, told =>
        {
            Assert.InRange(told.Cards.Count, 1, GossipState.CardsPerExchangeMax);
            Assert.Equal(told.Cards.Count, told.Cards.Select(static entry => entry.Card).Distinct().Count());
            Assert.DoesNotContain(told.Cards, entry => entry.Card == _world.Find(told.To).Own!.Card);
        });
    }

    [Fact]
    public void Idle_gossip_stays_below_its_budget()
    {
        _world.Grow(20);
        _world.RunFor(TimeSpan.FromMinutes(5));
        long before = _world.SentBytes;
        _world.RunFor(TimeSpan.FromMinutes(5));

        double perPeerAndSecond = (_world.SentBytes - before) / 20.0 / 300;
        Assert.InRange(perPeerAndSecond, 10, 150);
    }

    private static GossipMessage Exchange(params CardEntry[] cards) => new() { Exchange = new CardExchange { Cards = { cards } } };
}
