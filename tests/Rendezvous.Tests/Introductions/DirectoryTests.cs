using System;
using System.Linq;
using Darkbloom.Mesh.Membership;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Rendezvous.Introductions;
using Darkbloom.Rendezvous.Limits;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Rendezvous.Tests.Introductions;

public sealed class DirectoryTests : IDisposable
{
    private readonly RegistrarHarness _rendezvous = new();

    public void Dispose() => _rendezvous.Dispose();

    [Fact]
    public void A_published_card_is_listed_with_its_ticket()
    {
        PeerSession node = _rendezvous.NewListedMember();
        DirectoryEntry entry = Assert.Single(_rendezvous.Directory(_rendezvous.NewMember(PeerRoles.Gateway)).Entries);
        Assert.Equal(RegistrarHarness.Card(node), entry.Card);
        Assert.Equal(TicketVerdict.Valid, _rendezvous.Verifier.Verify(entry.Ticket.Span, node.Key, _rendezvous.UnixNow, out _));
    }

    [Fact]
    public void Only_members_read_publish_introduce_and_follow()
    {
        PeerSession stranger = RegistrarHarness.NewPeer();
        RendezvousRequest[] requests =
        [
            new() { Directory = new DirectoryRequest() },
            new() { PublishCard = new PublishCard { Card = RegistrarHarness.Card(stranger) } },
            new() { Withdraw = new Withdraw() },
            new() { Introduce = new IntroduceRequest { PeerId = ByteString.CopyFrom(stranger.Id.ToBytes()) } },
            new() { Notices = new NoticeSubscription() },
            new() { Renew = new RenewRequest() },
        ];
        Assert.All(requests, request => RegistrarHarness.AssertError(RendezvousErrorCode.NotEnrolled, _rendezvous.Ask(stranger, request)));
    }

    [Theory]
    [InlineData("203.0.113.9:1234")]
    [InlineData("[2001:db8::1]:1234")]
    public void A_stranger_learns_its_own_address(string address) => Assert.Equal(
        RegistrarHarness.EndpointOf(address),
        _rendezvous.Ask(RegistrarHarness.NewPeer(address), new() { Address = new AddressRequest() }).Address.Endpoint);

    [Fact]
    public void A_request_of_no_known_kind_is_malformed() =>
        RegistrarHarness.AssertError(RendezvousErrorCode.Malformed, _rendezvous.Ask(RegistrarHarness.NewPeer(), new RendezvousRequest()));

    [Fact]
    public void A_card_of_another_key_is_refused()
    {
        PeerSession node = _rendezvous.NewMember();
        RegistrarHarness.AssertError(RendezvousErrorCode.Malformed, _rendezvous.Publish(node, RegistrarHarness.Card(RegistrarHarness.NewPeer())));
        Assert.Equal(0, _rendezvous.Registrar.CardCount);
    }

    [Fact]
    public void A_card_claims_no_role_beyond_the_ticket()
    {
        PeerSession gateway = _rendezvous.NewMember(PeerRoles.Gateway);
        RegistrarHarness.AssertError(RendezvousErrorCode.RoleRejected, _rendezvous.Publish(gateway, RegistrarHarness.Card(gateway)));
    }

    [Fact]
    public void A_publication_without_a_card_is_malformed() => RegistrarHarness.AssertError(
        RendezvousErrorCode.Malformed, _rendezvous.Ask(_rendezvous.NewMember(), new() { PublishCard = new PublishCard() }));

    [Fact]
    public void The_newest_epoch_wins()
    {
        PeerSession node = _rendezvous.NewMember();
        RegistrarHarness.AssertDone(_rendezvous.Publish(node, RegistrarHarness.Card(node, epoch: 5, model: "five")));
        RegistrarHarness.AssertError(RendezvousErrorCode.Malformed, _rendezvous.Publish(node, RegistrarHarness.Card(node, epoch: 4, model: "four")));
        Assert.Equal("five", Assert.Single(_rendezvous.Directory(node).Entries).Card.Models[0].Id);
        RegistrarHarness.AssertDone(_rendezvous.Publish(node, RegistrarHarness.Card(node, epoch: 6, model: "six")));
        Assert.Equal("six", Assert.Single(_rendezvous.Directory(node).Entries).Card.Models[0].Id);
    }

    [Fact]
    public void A_card_lapses_after_its_lifetime_unless_published_again()
    {
        PeerSession node = _rendezvous.NewListedMember();
        PeerSession other = _rendezvous.NewListedMember();
        _rendezvous.Advance(TimeSpan.FromSeconds(RegistrarLimits.CardLifetimeS - 1));
        Assert.Equal(2, _rendezvous.Registrar.CardCount);
        RegistrarHarness.AssertDone(_rendezvous.Publish(node, RegistrarHarness.Card(node)));
        _rendezvous.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([node.Id], RegistrarHarness.Listed(_rendezvous.Directory(other)));
    }

    [Fact]
    public void A_lapsed_card_is_not_listed_even_before_the_timer_fires()
    {
        _ = _rendezvous.NewListedMember();
        PeerSession reader = _rendezvous.NewMember();
        _rendezvous.Sleep(TimeSpan.FromSeconds(RegistrarLimits.CardLifetimeS));
        Assert.Empty(_rendezvous.Directory(reader).Entries);
    }

    [Fact]
    public void A_card_does_not_outlive_the_ticket()
    {
        PeerSession node = _rendezvous.NewMember();
        PeerSession reader = _rendezvous.NewMember();
        _rendezvous.Advance(TimeSpan.FromMinutes(58));
        RegistrarHarness.AssertDone(_rendezvous.Publish(node, RegistrarHarness.Card(node)));
        _ = _rendezvous.Ask(reader, RegistrarHarness.RenewRequest());
        _rendezvous.Advance(TimeSpan.FromMinutes(2));
        Assert.Empty(_rendezvous.Directory(reader).Entries);
        RegistrarHarness.AssertError(RendezvousErrorCode.NotEnrolled, _rendezvous.Publish(node, RegistrarHarness.Card(node)));
    }

    [Fact]
    public void A_renewed_ticket_shows_in_the_listing()
    {
        PeerSession node = _rendezvous.NewListedMember();
        Directory before = _rendezvous.Directory(node);
        ByteString renewed = _rendezvous.Ask(node, RegistrarHarness.RenewRequest()).Ticket.Ticket;
        Directory after = _rendezvous.Directory(node, before.Version);
        Assert.False(after.Unchanged);
        Assert.Equal(renewed, Assert.Single(after.Entries).Ticket);
    }

    [Fact]
    public void A_known_version_is_answered_with_unchanged()
    {
        PeerSession node = _rendezvous.NewListedMember();
        ulong version = _rendezvous.Directory(node).Version;
        Assert.True(_rendezvous.Directory(node, version).Unchanged);
        Assert.Empty(_rendezvous.Directory(node, version).Entries);

        // Publishing the same card again is no change for anyone.
        RegistrarHarness.AssertDone(_rendezvous.Publish(node, RegistrarHarness.Card(node)));
        Assert.True(_rendezvous.Directory(node, version).Unchanged);
        RegistrarHarness.AssertDone(_rendezvous.Publish(node, RegistrarHarness.Card(node, epoch: 2)));
        Assert.False(_rendezvous.Directory(node, version).Unchanged);
    }

    [Fact]
    public void No_version_from_before_a_restart_is_ever_current_again()
    {
        PeerSession node = _rendezvous.NewListedMember();
        ulong before = _rendezvous.Directory(node).Version;
        _rendezvous.Sleep(TimeSpan.FromSeconds(1));
        _rendezvous.Restart();
        RegistrarHarness.AssertDone(_rendezvous.Publish(node, RegistrarHarness.Card(node)));
        Directory after = _rendezvous.Directory(node, before);
        Assert.False(after.Unchanged);
        Assert.True(after.Version > before);
    }

    [Fact]
    public void A_withdrawn_card_is_gone()
    {
        PeerSession node = _rendezvous.NewListedMember();
        RegistrarHarness.AssertDone(_rendezvous.Ask(node, new() { Withdraw = new Withdraw() }));
        Assert.Empty(_rendezvous.Directory(node).Entries);
        RegistrarHarness.AssertDone(_rendezvous.Ask(node, new() { Withdraw = new Withdraw() }));
    }

    [Fact]
    public void A_reader_can_ask_for_one_model()
    {
        PeerSession whisper = _rendezvous.NewListedMember("whisper");
        PeerSession tiny = _rendezvous.NewListedMember("tiny");
        Assert.Equal([tiny.Id], RegistrarHarness.Listed(_rendezvous.Directory(whisper, model: "tiny")));
        Assert.Equal([whisper.Id], RegistrarHarness.Listed(_rendezvous.Directory(whisper, model: "whisper")));
        Assert.Empty(_rendezvous.Directory(whisper, model: "none").Entries);
    }

    [Fact]
    public void A_reader_that_takes_few_gets_those_after_itself()
    {
        PeerSession[] nodes = [.. Enumerable.Range(0, 20).Select(_ => _rendezvous.NewListedMember()).OrderBy(node => node.Id)];
        for (int i = 0; i < nodes.Length; i++)
        {
            PeerId[] expected = [.. Enumerable.Range(i, 5).Select(n => nodes[n % nodes.Length].Id)];
            Assert.Equal(expected, RegistrarHarness.Listed(_rendezvous.Directory(nodes[i], entriesMax: 5)));
        }
    }

    [Fact]
    public void An_unspecified_address_becomes_the_observed_one()
    {
        PeerSession node = _rendezvous.NewMember(address: "203.0.113.7:6000");
        PeerCard card = RegistrarHarness.Card(node);
        card.Endpoints.Clear();
        card.Endpoints.Add([RegistrarHarness.EndpointOf("0.0.0.0:5000"), RegistrarHarness.EndpointOf("[::]:5000"), RegistrarHarness.EndpointOf("10.0.0.1:5000")]);
        RegistrarHarness.AssertDone(_rendezvous.Publish(node, card));
        Assert.Equal(
            [RegistrarHarness.EndpointOf("203.0.113.7:6000"), RegistrarHarness.EndpointOf("10.0.0.1:5000")],
            Assert.Single(_rendezvous.Directory(node).Entries).Card.Endpoints);
    }

    [Fact]
    public void A_card_without_endpoints_gets_the_observed_one()
    {
        PeerSession node = _rendezvous.NewMember(address: "203.0.113.7:6000");
        PeerCard card = RegistrarHarness.Card(node);
        card.Endpoints.Clear();
        RegistrarHarness.AssertDone(_rendezvous.Publish(node, card));
        Assert.Equal([RegistrarHarness.EndpointOf("203.0.113.7:6000")], Assert.Single(_rendezvous.Directory(node).Entries).Card.Endpoints);
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void The_directory_has_room_for_so_many_cards(int cards, bool hasRoom)
    {
        PeerDirectory directory = new(_rendezvous.UnixNow, cardsMax: 3);
        for (int i = 0; i < cards; i++)
        {
            PeerSession node = RegistrarHarness.NewPeer();
            _ = directory.Put(node.Id, RegistrarHarness.Card(node), node.Observed, default, _rendezvous.Now + TimeSpan.FromSeconds(1));
            Assert.True(directory.HasRoomFor(node.Id));
        }
        Assert.Equal(hasRoom, directory.HasRoomFor(RegistrarHarness.NewPeer().Id));
    }

    [Fact]
    public void A_listing_stays_below_what_one_message_carries()
    {
        PeerDirectory directory = new(_rendezvous.UnixNow);
        PeerCard large = RegistrarHarness.Card(RegistrarHarness.NewPeer());
        for (int i = large.Models.Count; i < PeerCardRules.ModelsMax; i++)
        {
            large.Models.Add(new ModelCard { Id = new string('m', 100) + i, Fingerprint = new string('f', 100) });
        }
        int cards = (RegistrarLimits.DirectoryBytesMax / large.CalculateSize()) + 2;
        for (int i = 0; i < cards; i++)
        {
            PeerId id = new(new UInt256((UInt128)(i + 1) << 100, 0));
            _ = directory.Put(id, large, RegistrarHarness.NewPeer().Observed, new byte[200], _rendezvous.Now + TimeSpan.FromSeconds(1));
        }
        Directory answer = directory.Answer(default, new DirectoryRequest());
        Assert.InRange(answer.Entries.Count, cards / 2, cards - 1);
        Assert.InRange(
            new RendezvousResponse { Directory = answer }.CalculateSize(),
            RegistrarLimits.DirectoryBytesMax * 9 / 10,
            RegistrarLimits.DirectoryBytesMax + 32);
    }

    [Theory]
    [InlineData(-1, RendezvousResponse.BodyOneofCase.Directory)]
    [InlineData(0, RendezvousResponse.BodyOneofCase.Directory)]
    [InlineData(1, RendezvousResponse.BodyOneofCase.Error)]
    public void A_request_has_a_longest_length(int over, RendezvousResponse.BodyOneofCase expected)
    {
        RendezvousRequest request = new() { Directory = new DirectoryRequest { Model = new string('m', RegistrarLimits.RequestBytesMax - 20) } };
        request.Directory.Model += new string('m', RegistrarLimits.RequestBytesMax + over - request.CalculateSize());
        Assert.Equal(RegistrarLimits.RequestBytesMax + over, request.CalculateSize());
        Assert.Equal(expected, _rendezvous.Ask(_rendezvous.NewMember(), request).BodyCase);
    }

    [Fact]
    public void Requests_are_limited_per_peer()
    {
        PeerSession busy = _rendezvous.NewMember();
        RendezvousRequest request = new() { Address = new AddressRequest() };
        for (int i = 1; i < RegistrarLimits.RequestsPerPeerBurst; i++)
        {
            Assert.NotNull(_rendezvous.Ask(busy, request).Address);
        }
        RendezvousError limited = RegistrarHarness.AssertError(RendezvousErrorCode.RateLimited, _rendezvous.Ask(busy, request));
        Assert.Equal(1000u / RegistrarLimits.RequestsPerPeerPerSecond, limited.RetryAfterMs);
        Assert.NotNull(_rendezvous.Ask(RegistrarHarness.NewPeer(), request).Address);
        _rendezvous.Advance(TimeSpan.FromMilliseconds(limited.RetryAfterMs));
        Assert.NotNull(_rendezvous.Ask(busy, request).Address);
        RegistrarHarness.AssertError(RendezvousErrorCode.RateLimited, _rendezvous.Ask(busy, request));
    }

    [Fact]
    public void A_flood_of_strangers_leaves_members_served()
    {
        PeerSession member = _rendezvous.NewListedMember();
        for (int i = 0; i < RegistrarLimits.MetersMax + 5_000; i++)
        {
            PeerSession stranger = new(new PublicKey(new UInt256(1, (UInt128)i), default), member.Observed);
            _ = _rendezvous.Ask(stranger, new() { Address = new AddressRequest() });
        }
        Assert.Single(_rendezvous.Directory(member).Entries);
    }
}
