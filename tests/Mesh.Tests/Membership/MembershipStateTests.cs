using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Membership;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Mesh.Tests.Membership;

public sealed class MembershipStateTests : IDisposable
{
    private readonly MembershipHarness _peer = new();

    public void Dispose() => _peer.Dispose();

    [Fact]
    public void The_first_thing_is_to_connect()
    {
        Assert.Equal(_peer.Now, _peer.State.NextTimeout);
        _peer.Advance(TimeSpan.Zero);
        _ = _peer.Take<MembershipCommand.Connect>();
        Assert.Equal(MembershipStage.Connecting, _peer.State.Stage);
        Assert.Null(_peer.State.NextTimeout);
    }

    [Fact]
    public void A_granted_ticket_is_used_and_membership_begins()
    {
        _peer.Connect();
        Assert.Equal(MembershipStage.Joining, _peer.State.Stage);
        _ = _peer.TakeAsk(MembershipJob.Ticket);
        Assert.Empty(_peer.Commands);
        _peer.Grant();
        _ = _peer.Take<MembershipCommand.TrustTicketKey>();
        Assert.Equal(_peer.State.Ticket!.Envelope.ToArray(), _peer.Take<MembershipCommand.UseTicket>().Envelope.ToArray());
        Assert.Equal(MembershipStage.Joined, _peer.State.Stage);
        Assert.Equal(0ul, _peer.TakeAsk(MembershipJob.Directory).Directory.KnownVersion);
        _ = _peer.Take<MembershipCommand.Subscribe>();
        Assert.Empty(_peer.Commands);
        Assert.Equal("", _peer.State.Fault);
    }

    [Fact]
    public void A_ticket_of_another_holder_is_not_used()
    {
        _peer.Connect();
        _peer.Respond(MembershipJob.Ticket, new() { Ticket = new TicketGranted { Ticket = _peer.Ticket(MembershipHarness.NewKey()) } });
        Assert.Null(_peer.State.Ticket);
        Assert.NotEqual("", _peer.State.Fault);
        Assert.Equal(MembershipStage.Joining, _peer.State.Stage);
    }

    [Theory]
    [InlineData(1800, 1800)]
    [InlineData(-5, MembershipTimings.RenewDelaySMin)]
    [InlineData(1_000_000, 3600)]
    public void Renewal_happens_at_the_drawn_instant_within_reason(long renewAfterS, int expectedS)
    {
        _peer.Connect();
        _peer.Commands.Clear();
        _peer.Grant(renewAfterS);
        Instant granted = _peer.Now;
        while (!_peer.Asks(MembershipJob.Ticket))
        {
            _peer.Commands.Clear();
            _peer.List(1);
            _peer.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Equal(expectedS, (_peer.Now - granted).TotalSeconds);
    }

    [Fact]
    public void A_rejected_secret_is_reported_and_retried_slowly()
    {
        _peer.Connect();
        _ = _peer.TakeAsk(MembershipJob.Ticket);
        _peer.Fail(MembershipJob.Ticket, RendezvousErrorCode.JoinSecretRejected);
        Assert.Contains("join secret", _peer.State.Fault, StringComparison.Ordinal);
        _peer.Advance(TimeSpan.FromMilliseconds(MembershipTimings.RejectedDelayMs - 1));
        Assert.Empty(_peer.Commands);
        _peer.Advance(TimeSpan.FromMilliseconds(1));
        Assert.NotNull(_peer.TakeAsk(MembershipJob.Ticket).Enrol);
        _peer.Grant();
        Assert.Equal("", _peer.State.Fault);
    }

    [Fact]
    public void The_rendezvous_says_how_long_to_wait()
    {
        _peer.Connect();
        _ = _peer.TakeAsk(MembershipJob.Ticket);
        _peer.Fail(MembershipJob.Ticket, RendezvousErrorCode.RateLimited, retryAfterMs: 5_000);
        _peer.Advance(TimeSpan.FromMilliseconds(4_999));
        Assert.Empty(_peer.Commands);
        _peer.Advance(TimeSpan.FromMilliseconds(1));
        _ = _peer.TakeAsk(MembershipJob.Ticket);
    }

    [Fact]
    public void Reconnecting_backs_off_to_a_limit_and_starts_over_after_a_session()
    {
        List<double> delays = [];
        for (int i = 0; i < 12; i++)
        {
            _peer.Advance(TimeSpan.FromMinutes(1));
            _ = _peer.Take<MembershipCommand.Connect>();
            _peer.Do(state => state.OnConnectFailed(_peer.Now, "nobody there"));
            delays.Add((_peer.State.NextTimeout!.Value - _peer.Now).TotalMilliseconds);
        }
        Assert.InRange(delays[0], MembershipTimings.ReconnectDelayMsMin / 2, MembershipTimings.ReconnectDelayMsMin);
        Assert.All(delays.TakeLast(3), delay => Assert.InRange(delay, MembershipTimings.ReconnectDelayMsMax / 2, MembershipTimings.ReconnectDelayMsMax));
        Assert.Equal("nobody there", _peer.State.Fault);

        _peer.Connect();
        _peer.Close();
        Assert.InRange((_peer.State.NextTimeout!.Value - _peer.Now).TotalMilliseconds, 0, MembershipTimings.ReconnectDelayMsMin);
    }

    [Fact]
    public void Peers_that_lost_the_rendezvous_together_do_not_return_together()
    {
        HashSet<long> delays = [];
        for (ulong seed = 0; seed < 50; seed++)
        {
            using MembershipHarness peer = new(seed);
            peer.Advance(TimeSpan.Zero);
            peer.Do(state => state.OnConnectFailed(peer.Now, "down"));
            _ = delays.Add((peer.State.NextTimeout!.Value - peer.Now).Ticks);
        }
        Assert.InRange(delays.Count, 25, 50);
    }

    [Fact]
    public void Ticket_and_directory_outlive_the_session_and_the_next_one_needs_no_secret()
    {
        _peer.Join();
        _peer.List(1, _peer.Entry(MembershipHarness.NewKey()));
        _peer.Close();
        Assert.NotNull(_peer.State.Ticket);
        _ = Assert.Single(_peer.State.Entries);
        _peer.Connect();
        Assert.Equal(MembershipStage.Joined, _peer.State.Stage);
        Assert.False(_peer.Asks(MembershipJob.Ticket));
    }

    [Fact]
    public void A_ticket_that_ended_while_away_is_dropped_and_enrolment_begins_again()
    {
        _peer.Join();
        _peer.Close();
        Instant end = _peer.Now + TimeSpan.FromMinutes(59);
        while (_peer.State.Ticket is not null)
        {
            _peer.Advance(TimeSpan.FromMinutes(1));
            _ = _peer.Take<MembershipCommand.Connect>();
            _peer.Do(state => state.OnConnectFailed(_peer.Now, "down"));
        }
        Assert.True(_peer.Now > end);
        Assert.True(_peer.Take<MembershipCommand.UseTicket>().Envelope.IsEmpty);
        _peer.Connect();
        Assert.NotNull(_peer.TakeAsk(MembershipJob.Ticket).Enrol);
    }

    [Fact]
    public void A_rejected_ticket_is_put_away()
    {
        _peer.Join();
        _peer.Close();
        _peer.Advance(TimeSpan.FromMinutes(1));
        _ = _peer.Take<MembershipCommand.Connect>();
        _peer.Do(state => state.OnTicketRejected(_peer.Now));
        Assert.True(_peer.Take<MembershipCommand.UseTicket>().Envelope.IsEmpty);
        _peer.Connect();
        Assert.NotNull(_peer.TakeAsk(MembershipJob.Ticket).Enrol);
    }

    [Fact]
    public void A_rendezvous_that_forgot_this_peer_is_joined_anew()
    {
        _peer.Join();
        _peer.Fail(MembershipJob.Directory, RendezvousErrorCode.NotEnrolled);
        Assert.Equal(MembershipStage.Joining, _peer.State.Stage);
        Assert.NotNull(_peer.TakeAsk(MembershipJob.Ticket).Enrol);
        _peer.Grant();
        Assert.Equal(MembershipStage.Joined, _peer.State.Stage);
    }

    [Fact]
    public void A_card_is_published_at_once_and_again_every_third_of_its_life()
    {
        _peer.Join();
        _peer.List(1);
        _peer.Do(state => state.Publish(_peer.Now, _peer.OwnCard()));
        Assert.Equal(_peer.OwnCard(), _peer.TakeAsk(MembershipJob.Card).PublishCard.Card);
        _peer.Respond(MembershipJob.Card, new() { Done = new Done() });
        Assert.Equal(_peer.OwnCard(), _peer.State.PublishedCard);
        Instant published = _peer.Now;
        while (!_peer.Asks(MembershipJob.Card))
        {
            _peer.Commands.Clear();
            _peer.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Equal(MembershipTimings.CardLifetimeS / 3, (_peer.Now - published).TotalSeconds);
    }

    [Fact]
    public void A_card_published_while_another_is_under_way_follows_it()
    {
        _peer.Join();
        _peer.Do(state => state.Publish(_peer.Now, _peer.OwnCard(1)));
        _ = _peer.TakeAsk(MembershipJob.Card);
        _peer.Do(state => state.Publish(_peer.Now, _peer.OwnCard(2)));
        Assert.Empty(_peer.Commands);
        _peer.Respond(MembershipJob.Card, new() { Done = new Done() });
        Assert.Equal(2ul, _peer.TakeAsk(MembershipJob.Card).PublishCard.Card.Epoch);
    }

    [Fact]
    public void A_card_is_published_on_every_session()
    {
        _peer.Do(state => state.Publish(_peer.Now, _peer.OwnCard()));
        Assert.Empty(_peer.Commands);
        _peer.Join();
        _peer.Close();
        _peer.Connect();
        _ = _peer.TakeAsk(MembershipJob.Card);
    }

    [Fact]
    public void A_card_that_nobody_would_believe_is_the_callers_fault() =>
        Assert.Throws<ArgumentException>(() => _peer.State.Publish(_peer.Now, new PeerCard()));

    [Fact]
    public void A_notice_of_a_new_version_leads_to_a_fetch_and_a_known_one_does_not()
    {
        _peer.Join();
        _peer.List(7);
        _peer.Do(state => state.OnNotice(_peer.Now, Notice(7)));
        _peer.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(_peer.Commands);
        _peer.Do(state => state.OnNotice(_peer.Now, Notice(8)));
        Assert.Equal(7ul, _peer.TakeAsk(MembershipJob.Directory).Directory.KnownVersion);
    }

    [Fact]
    public void Notices_in_quick_succession_lead_to_spaced_fetches()
    {
        _peer.Join();
        _peer.List(7);
        _peer.Do(state => state.OnNotice(_peer.Now, Notice(8)));
        Assert.Empty(_peer.Commands);
        _peer.Advance(TimeSpan.FromMilliseconds(MembershipTimings.DirectoryFetchIntervalMs));
        _ = _peer.TakeAsk(MembershipJob.Directory);
    }

    [Fact]
    public void A_lost_answer_is_asked_for_again()
    {
        _peer.Join();
        _peer.Do(state => state.OnRequestFailed(_peer.Now, MembershipJob.Directory, "no answer"));
        Assert.Equal("no answer", _peer.State.Fault);
        _peer.Advance(TimeSpan.FromMilliseconds(MembershipTimings.RequestRetryDelayMs));
        _ = _peer.TakeAsk(MembershipJob.Directory);
        _peer.List(1);
        Assert.Equal("", _peer.State.Fault);
    }

    [Fact]
    public void A_peer_that_the_session_listed_and_lists_no_more_is_gone()
    {
        _peer.Join();
        _peer.List(1, _peer.Entry(MembershipHarness.NewKey()));
        _ = Assert.Single(_peer.State.Entries);
        _peer.List(2);
        Assert.Empty(_peer.State.Entries);
    }

    [Fact]
    public void A_restarted_rendezvous_does_not_empty_the_directory()
    {
        DirectoryEntry first = _peer.Entry(MembershipHarness.NewKey());
        DirectoryEntry second = _peer.Entry(MembershipHarness.NewKey());
        _peer.Join();
        _peer.List(1, first, second);
        _peer.Close();
        _peer.Connect();
        _peer.List(10, first);
        Instant listed = _peer.Now;
        Assert.Equal(2, _peer.State.Entries.Length);
        while (_peer.State.Entries.Length == 2)
        {
            _peer.Commands.Clear();
            _peer.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.InRange((_peer.Now - listed).TotalSeconds, MembershipTimings.CardLifetimeS, MembershipTimings.CardLifetimeS + 1);
        Assert.Equal(first, Assert.Single(_peer.State.Entries));
    }

    [Fact]
    public void Entries_that_prove_nothing_are_not_believed()
    {
        PublicKey key = MembershipHarness.NewKey();
        using MembershipHarness forger = new();
        DirectoryEntry[] entries =
        [
            new() { Card = _peer.Entry(key).Card },
            new() { Ticket = _peer.Ticket(key) },
            new() { Card = _peer.Entry(key).Card, Ticket = _peer.Ticket(MembershipHarness.NewKey()) },
            new() { Card = _peer.Entry(key).Card, Ticket = _peer.Ticket(key, network: "other") },
            new() { Card = _peer.Entry(key).Card, Ticket = ByteString.CopyFrom(1, 2, 3) },
            _peer.Entry(key, PeerRoles.Gateway),
            forger.Entry(key),
        ];
        _peer.Join();
        _peer.List(1, entries);
        Assert.Empty(_peer.State.Entries);

        // One bad entry spoils nothing for the others, and the version isn't taken for known.
        _peer.List(2, [.. entries, _peer.Entry(MembershipHarness.NewKey())]);
        _ = Assert.Single(_peer.State.Entries);
        _peer.Advance(TimeSpan.FromSeconds(MembershipTimings.DirectoryIntervalS));
        Assert.Equal(0ul, _peer.TakeAsk(MembershipJob.Directory).Directory.KnownVersion);
    }

    [Fact]
    public void The_first_listing_is_news_even_when_it_is_empty()
    {
        _peer.Join();
        Assert.Equal(0ul, _peer.State.EntriesVersion);
        _peer.List(1);
        Assert.Equal(1ul, _peer.State.EntriesVersion);
        _peer.List(1);
        Assert.Equal(1ul, _peer.State.EntriesVersion);
    }

    [Fact]
    public void Answers_that_arrive_after_the_session_change_nothing()
    {
        _peer.Join();
        _peer.Close();
        _peer.List(1, _peer.Entry(MembershipHarness.NewKey()));
        _peer.Do(state => state.OnRequestFailed(_peer.Now, MembershipJob.Notices, "late"));
        Assert.Empty(_peer.State.Entries);
        Assert.Equal("down", _peer.State.Fault);
        Assert.Equal(MembershipStage.Away, _peer.State.Stage);
    }

    [Fact]
    public void An_answer_to_another_question_is_a_fault_and_not_a_crash()
    {
        _peer.Join();
        _peer.Respond(MembershipJob.Directory, new() { Introduced = new Introduced() });
        Assert.NotEqual("", _peer.State.Fault);
        _peer.Respond(MembershipJob.Directory, new());
        Assert.Equal(MembershipStage.Joined, _peer.State.Stage);
    }

    private static RendezvousNotice Notice(ulong version) => new() { DirectoryChanged = new DirectoryChanged { Version = version } };
}
