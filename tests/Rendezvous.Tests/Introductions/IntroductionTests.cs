using System;
using System.Linq;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Darkbloom.Rendezvous.Limits;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Rendezvous.Tests.Introductions;

public sealed class IntroductionTests : IDisposable
{
    private readonly RegistrarHarness _rendezvous = new();

    public void Dispose() => _rendezvous.Dispose();

    [Fact]
    public void Both_sides_learn_where_the_other_is()
    {
        PeerSession node = _rendezvous.NewListedMember(address: "203.0.113.1:1111");
        PeerSession gateway = _rendezvous.NewMember(PeerRoles.Gateway, "198.51.100.2:2222");
        Subscribe(node);
        _rendezvous.Notices.Clear();

        Introduced introduced = Introduce(gateway, node.Id).Introduced;
        Assert.Equal([RegistrarHarness.EndpointOf("10.0.0.1:5000"), RegistrarHarness.EndpointOf("203.0.113.1:1111")], introduced.Endpoints);
        AddressedNotice notice = Assert.Single(_rendezvous.Notices);
        Assert.Equal(node.Id, notice.Subscriber);
        Assert.Equal(gateway.Id.ToBytes(), notice.Notice.Introduction.PeerId);
        Assert.Equal([RegistrarHarness.EndpointOf("198.51.100.2:2222")], notice.Notice.Introduction.Endpoints);
    }

    [Fact]
    public void A_peer_that_isn_t_listed_is_unknown()
    {
        PeerSession gateway = _rendezvous.NewMember();
        RegistrarHarness.AssertError(RendezvousErrorCode.UnknownPeer, Introduce(gateway, RegistrarHarness.NewPeer().Id));
        RegistrarHarness.AssertError(RendezvousErrorCode.UnknownPeer, Introduce(gateway, _rendezvous.NewMember().Id));
    }

    [Theory]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(0)]
    public void A_peer_id_of_another_length_is_malformed(int length) => RegistrarHarness.AssertError(
        RendezvousErrorCode.Malformed,
        _rendezvous.Ask(_rendezvous.NewMember(), new() { Introduce = new IntroduceRequest { PeerId = ByteString.CopyFrom(new byte[length]) } }));

    [Fact]
    public void Who_doesn_t_follow_notices_is_introduced_without_one()
    {
        PeerSession node = _rendezvous.NewListedMember();
        Assert.NotNull(Introduce(_rendezvous.NewMember(), node.Id).Introduced);
        Subscribe(node);
        _rendezvous.Registrar.Unsubscribe(node.Id);
        _rendezvous.Notices.Clear();
        Assert.NotNull(Introduce(_rendezvous.NewMember(), node.Id).Introduced);
        Assert.Empty(_rendezvous.Notices);
    }

    [Fact]
    public void No_more_peers_follow_notices_than_may()
    {
        using RegistrarHarness rendezvous = new(subscriptionsMax: 2);
        RendezvousRequest follow = new() { Notices = new NoticeSubscription() };
        PeerSession first = rendezvous.NewMember();
        RegistrarHarness.AssertDone(rendezvous.Ask(first, follow));
        RegistrarHarness.AssertDone(rendezvous.Ask(rendezvous.NewMember(), follow));

        PeerSession third = rendezvous.NewMember();
        RegistrarHarness.AssertError(RendezvousErrorCode.Full, rendezvous.Ask(third, follow));
        RegistrarHarness.AssertDone(rendezvous.Ask(first, follow)); // who follows already takes no second place
        rendezvous.Registrar.Unsubscribe(first.Id);
        RegistrarHarness.AssertDone(rendezvous.Ask(third, follow));
    }

    [Fact]
    public void Introductions_are_limited_per_peer()
    {
        PeerSession node = _rendezvous.NewListedMember();
        PeerSession gateway = _rendezvous.NewMember();
        for (int i = 0; i < RegistrarLimits.IntroductionsPerPeerBurst; i++)
        {
            if (i % 10 == 0)
            {
                _rendezvous.Sleep(TimeSpan.FromTicks(1)); // the meter of requests is not what is tested
            }
            RendezvousResponse response = Introduce(gateway, node.Id);
            if (response.Introduced is null)
            {
                // The general limit of requests is the tighter one for a burst.
                Assert.InRange(i, RegistrarLimits.RequestsPerPeerBurst - 1, RegistrarLimits.IntroductionsPerPeerBurst);
                return;
            }
        }
        RegistrarHarness.AssertError(RendezvousErrorCode.RateLimited, Introduce(gateway, node.Id));
    }

    [Fact]
    public void A_sustained_stream_of_introductions_is_held_to_its_rate()
    {
        PeerSession node = _rendezvous.NewListedMember();
        PeerSession gateway = _rendezvous.NewMember();
        int introduced = 0;
        for (int second = 0; second < 60; second++)
        {
            for (int i = 0; i < RegistrarLimits.RequestsPerPeerPerSecond; i++)
            {
                introduced += Introduce(gateway, node.Id).Introduced is null ? 0 : 1;
                _rendezvous.Advance(TimeSpan.FromMilliseconds(100));
            }
        }
        int allowed = RegistrarLimits.IntroductionsPerPeerBurst + (60 * RegistrarLimits.IntroductionsPerPeerPerSecond);
        Assert.InRange(introduced, allowed - 5, allowed);
    }

    [Fact]
    public void A_popular_peer_is_told_of_so_many_and_no_more()
    {
        PeerSession node = _rendezvous.NewListedMember();
        Subscribe(node);
        _rendezvous.Notices.Clear();
        for (int i = 0; i <= RegistrarLimits.AnnouncementsPerPeerBurst; i++)
        {
            Assert.NotNull(Introduce(_rendezvous.NewMember(), node.Id).Introduced);
        }
        Assert.Equal(RegistrarLimits.AnnouncementsPerPeerBurst, _rendezvous.Notices.Count);
    }

    [Fact]
    public void A_subscription_begins_with_the_version_of_the_directory()
    {
        PeerSession node = _rendezvous.NewListedMember();
        _rendezvous.Advance(TimeSpan.FromSeconds(1));
        Subscribe(node);
        Assert.Equal(_rendezvous.Directory(node).Version, Assert.Single(_rendezvous.Notices).Notice.DirectoryChanged.Version);
    }

    [Fact]
    public void A_burst_of_changes_is_announced_twice_at_most()
    {
        PeerSession follower = _rendezvous.NewMember();
        Subscribe(follower);
        _rendezvous.Notices.Clear();
        for (int i = 0; i < 50; i++)
        {
            _ = _rendezvous.NewListedMember();
        }
        Assert.Single(_rendezvous.Notices);
        _rendezvous.Advance(TimeSpan.FromMilliseconds(RegistrarLimits.DirectoryNoticeIntervalMs));
        Assert.Equal(2, _rendezvous.Notices.Count);
        Assert.Equal(_rendezvous.Directory(follower).Version, _rendezvous.Notices.Last().Notice.DirectoryChanged.Version);
        _rendezvous.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(2, _rendezvous.Notices.Count);
    }

    [Fact]
    public void A_renewal_is_not_announced()
    {
        PeerSession node = _rendezvous.NewListedMember();
        Subscribe(node);
        _rendezvous.Advance(TimeSpan.FromSeconds(1));
        _rendezvous.Notices.Clear();
        Assert.NotNull(_rendezvous.Ask(node, RegistrarHarness.RenewRequest()).Ticket);
        _rendezvous.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(_rendezvous.Notices);
    }

    [Fact]
    public void A_lapsed_card_is_announced()
    {
        _ = _rendezvous.NewListedMember();
        PeerSession follower = _rendezvous.NewMember();
        Subscribe(follower);
        _rendezvous.Advance(TimeSpan.FromSeconds(1));
        _rendezvous.Notices.Clear();
        _rendezvous.Advance(TimeSpan.FromSeconds(RegistrarLimits.CardLifetimeS));
        Assert.Single(_rendezvous.Notices);
        Assert.Equal(0, _rendezvous.Registrar.CardCount);
    }

    private void Subscribe(PeerSession peer) =>
        RegistrarHarness.AssertDone(_rendezvous.Ask(peer, new() { Notices = new NoticeSubscription() }));

    private RendezvousResponse Introduce(PeerSession from, PeerId to) =>
        _rendezvous.Ask(from, new() { Introduce = new IntroduceRequest { PeerId = ByteString.CopyFrom(to.ToBytes()) } });
}
