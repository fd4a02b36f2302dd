using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Rendezvous.Limits;
using Darkbloom.Rendezvous.Log;
using Darkbloom.Rendezvous.Tickets;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Rendezvous.Tests.Tickets;

public sealed class EnrolmentTests : IDisposable
{
    private const string Secret = "correct horse";

    private readonly RegistrarHarness _rendezvous = new(Secret);

    public void Dispose() => _rendezvous.Dispose();

    [Fact]
    public void The_right_secret_gets_a_ticket_that_verifies()
    {
        PeerSession peer = RegistrarHarness.NewPeer();
        TicketGranted granted = _rendezvous.Enrol(peer, PeerRoles.Node | PeerRoles.Gateway).Ticket;
        Ticket ticket = Verify(peer, granted);
        Assert.Equal(PeerRoles.Node | PeerRoles.Gateway, ticket.Roles);
        Assert.Equal(TrustTier.Self, ticket.Tier);
        Assert.Equal(_rendezvous.UnixNow, ticket.NotBefore);
        Assert.Equal(_rendezvous.UnixNow + TimeSpan.FromMinutes(60), ticket.NotAfter);
        Assert.Equal([_rendezvous.TicketKey.ToBytes()], granted.TicketKeys.Select(key => key.ToByteArray()));
    }

    [Fact]
    public void Renewal_is_drawn_between_45_and_65_percent_of_the_life()
    {
        List<double> percents = [];
        for (int i = 0; i < 200; i++)
        {
            TicketGranted granted = _rendezvous.Enrol(RegistrarHarness.NewPeer()).Ticket;
            percents.Add(((long)granted.RenewAfterS - _rendezvous.UnixNow.Seconds) / 36.0);
        }
        Assert.All(percents, percent => Assert.InRange(percent, 45, 65));
        Assert.InRange(percents.Min(), 45, 48);
        Assert.InRange(percents.Max(), 62, 65);
    }

    [Fact]
    public void Every_ticket_has_a_serial_of_its_own()
    {
        HashSet<UInt128> serials = [];
        PeerSession peer = RegistrarHarness.NewPeer();
        for (int i = 0; i < RegistrarLimits.TicketsPerPeerBurst; i++)
        {
            Assert.True(serials.Add(Verify(peer, _rendezvous.Enrol(peer).Ticket).Serial));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("correct hors")]
    [InlineData("correct horse ")]
    [InlineData("Correct horse")]
    public void A_wrong_secret_gets_nothing(string secret)
    {
        PeerSession peer = RegistrarHarness.NewPeer();
        RegistrarHarness.AssertError(RendezvousErrorCode.JoinSecretRejected, _rendezvous.Enrol(peer, secret: secret));
        RegistrarHarness.AssertError(RendezvousErrorCode.NotEnrolled, Renew(peer));
        Assert.Empty(_rendezvous.Journal);
        Assert.Equal(0, _rendezvous.Registrar.EnrolledCount);
    }

    [Fact]
    public void No_answer_repeats_a_secret()
    {
        string answer = _rendezvous.Enrol(RegistrarHarness.NewPeer(), secret: "hunter2").ToString();
        Assert.DoesNotContain("hunter2", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, answer, StringComparison.Ordinal);
    }

    [Fact]
    public void An_open_rendezvous_takes_any_secret()
    {
        using RegistrarHarness open = new();
        Assert.NotNull(open.Enrol(RegistrarHarness.NewPeer()).Ticket);
        Assert.NotNull(open.Enrol(RegistrarHarness.NewPeer(), secret: "anything").Ticket);
    }

    [Theory]
    [InlineData(PeerRoles.None)]
    [InlineData(PeerRoles.Rendezvous)]
    [InlineData(PeerRoles.Node | PeerRoles.Rendezvous)]
    [InlineData((PeerRoles)16)]
    public void Roles_that_nobody_may_ask_for_are_refused(PeerRoles roles) =>
        RegistrarHarness.AssertError(RendezvousErrorCode.RoleRejected, _rendezvous.Enrol(RegistrarHarness.NewPeer(), roles));

    [Fact]
    public void Evidence_is_refused_rather_than_ignored()
    {
        RendezvousRequest request = RegistrarHarness.EnrolRequest(PeerRoles.Node, Secret);
        request.Enrol.Evidence = ByteString.CopyFrom(1, 2, 3);
        RendezvousError error = RegistrarHarness.AssertError(
            RendezvousErrorCode.EvidenceRejected, _rendezvous.Ask(RegistrarHarness.NewPeer(), request));
        Assert.Contains("self", error.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Renewal_needs_no_secret_and_keeps_the_roles()
    {
        PeerSession peer = _rendezvous.NewMember(PeerRoles.Relay);
        _rendezvous.Advance(TimeSpan.FromMinutes(30));
        Ticket ticket = Verify(peer, Renew(peer).Ticket);
        Assert.Equal(PeerRoles.Relay, ticket.Roles);
        Assert.Equal(_rendezvous.UnixNow, ticket.NotBefore);
    }

    [Fact]
    public void A_restart_forgets_no_enrolment_and_no_ticket()
    {
        PeerSession peer = _rendezvous.NewListedMember();
        PeerSession reader = _rendezvous.NewMember(PeerRoles.Gateway);
        _rendezvous.Restart();
        Assert.Equal(2, _rendezvous.Registrar.EnrolledCount);

        // The ticket from before the restart still makes a member: publishing needs no new one.
        RegistrarHarness.AssertDone(_rendezvous.Publish(peer, RegistrarHarness.Card(peer, epoch: 2)));
        DirectoryEntry entry = Assert.Single(_rendezvous.Directory(reader).Entries);
        Assert.Equal(TicketVerdict.Valid, _rendezvous.Verifier.Verify(entry.Ticket.Span, peer.Key, _rendezvous.UnixNow, out _));
        Assert.NotNull(Renew(peer).Ticket);
    }

    [Fact]
    public void A_compacted_journal_restores_the_same_state()
    {
        PeerSession peer = _rendezvous.NewMember(PeerRoles.Relay);
        PeerSession revoked = _rendezvous.NewMember();
        Assert.Equal(Revocation.Revoked, _rendezvous.Revoke(revoked));
        for (int i = 0; i < 5; i++)
        {
            _rendezvous.Advance(TimeSpan.FromMinutes(30));
            _ = Renew(peer);
        }
        Compact();
        Assert.Equal(2, _rendezvous.Journal.Count);
        _rendezvous.Restart();
        Assert.Equal(PeerRoles.Relay, Verify(peer, Renew(peer).Ticket).Roles);
        RegistrarHarness.AssertError(RendezvousErrorCode.NotEnrolled, _rendezvous.Enrol(revoked));
    }

    [Fact]
    public void An_enrolment_outlives_its_ticket_across_a_restart()
    {
        PeerSession peer = _rendezvous.NewMember();
        _rendezvous.Advance(TimeSpan.FromHours(5));
        Compact();
        Assert.Equal(JournalRecordKind.Enrolled, Assert.Single(_rendezvous.Journal).Kind);
        _rendezvous.Restart();
        RegistrarHarness.AssertError(RendezvousErrorCode.NotEnrolled, _rendezvous.Publish(peer, RegistrarHarness.Card(peer)));
        Assert.NotNull(Renew(peer).Ticket);
    }

    [Fact]
    public void A_peer_that_stays_away_too_long_is_forgotten()
    {
        PeerSession peer = _rendezvous.NewMember();
        _rendezvous.Advance(TimeSpan.FromDays(RegistrarLimits.EnrolmentIdleDaysMax));
        Assert.Equal(1, _rendezvous.Registrar.EnrolledCount);
        _rendezvous.Advance(TimeSpan.FromHours(2));
        Assert.Equal(0, _rendezvous.Registrar.EnrolledCount);
        RegistrarHarness.AssertError(RendezvousErrorCode.NotEnrolled, Renew(peer));
    }

    [Theory]
    [InlineData(RegistrarLimits.RevokedDigitsMin - 1, Revocation.Unknown)]
    [InlineData(RegistrarLimits.RevokedDigitsMin, Revocation.Revoked)]
    [InlineData(RegistrarLimits.RevokedDigitsMin + 1, Revocation.Revoked)]
    public void A_peer_is_revoked_by_as_many_digits_of_its_id_as_people_see(int digits, Revocation expected)
    {
        PeerSession peer = _rendezvous.NewMember();
        _ = _rendezvous.NewMember();

        Assert.Equal(expected, _rendezvous.Revoke(peer, digits));
        Assert.Equal(expected == Revocation.Revoked ? 1 : 2, _rendezvous.Registrar.EnrolledCount);
    }

    [Fact]
    public void A_revoked_peer_gets_nothing_even_with_the_secret_and_after_a_restart()
    {
        PeerSession peer = _rendezvous.NewListedMember();
        Assert.Equal(Revocation.Revoked, _rendezvous.Revoke(peer));
        Assert.Equal(Revocation.Unknown, _rendezvous.Revoke(peer));
        Assert.Equal(0, _rendezvous.Registrar.CardCount);
        RegistrarHarness.AssertError(RendezvousErrorCode.NotEnrolled, _rendezvous.Enrol(peer));
        RegistrarHarness.AssertError(RendezvousErrorCode.NotEnrolled, Renew(peer));
        _rendezvous.Restart();
        RegistrarHarness.AssertError(RendezvousErrorCode.NotEnrolled, _rendezvous.Enrol(peer));
    }

    [Fact]
    public void Wrong_secrets_are_limited_per_prefix()
    {
        for (int i = 0; i < RegistrarLimits.WrongSecretsPerPrefixBurst; i++)
        {
            PeerSession guesser = RegistrarHarness.NewPeer($"192.0.2.{i + 1}:4000");
            RegistrarHarness.AssertError(RendezvousErrorCode.JoinSecretRejected, _rendezvous.Enrol(guesser, secret: "guess"));
        }
        // One more, and even the right secret isn't looked at: the answer would confirm a guess.
        RendezvousError limited = RegistrarHarness.AssertError(
            RendezvousErrorCode.RateLimited, _rendezvous.Enrol(RegistrarHarness.NewPeer("192.0.2.200:1")));
        Assert.NotNull(_rendezvous.Enrol(RegistrarHarness.NewPeer("198.51.100.1:1")).Ticket);
        _rendezvous.Advance(TimeSpan.FromMilliseconds(limited.RetryAfterMs));
        Assert.NotNull(_rendezvous.Enrol(RegistrarHarness.NewPeer("192.0.2.200:1")).Ticket);
    }

    [Fact]
    public void Wrong_secrets_from_one_IPv6_site_share_a_limit()
    {
        for (int i = 0; i < RegistrarLimits.WrongSecretsPerPrefixBurst; i++)
        {
            _ = _rendezvous.Enrol(RegistrarHarness.NewPeer($"[2001:db8:1:{i}::1]:4000"), secret: "guess");
        }
        RegistrarHarness.AssertError(RendezvousErrorCode.RateLimited, _rendezvous.Enrol(RegistrarHarness.NewPeer("[2001:db8:1:ffff::1]:1")));
        Assert.NotNull(_rendezvous.Enrol(RegistrarHarness.NewPeer("[2001:db8:2::1]:1")).Ticket);
    }

    [Fact]
    public void First_enrolments_are_limited_per_prefix()
    {
        for (int i = 0; i < RegistrarLimits.EnrolmentsPerPrefixBurst; i++)
        {
            _ = _rendezvous.NewMember();
        }
        PeerSession late = RegistrarHarness.NewPeer();
        RegistrarHarness.AssertError(RendezvousErrorCode.RateLimited, _rendezvous.Enrol(late));
        Assert.NotNull(_rendezvous.Enrol(RegistrarHarness.NewPeer("198.51.100.1:1")).Ticket);
        _rendezvous.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull(_rendezvous.Enrol(late).Ticket);
    }

    [Fact]
    public void Tickets_are_limited_per_peer()
    {
        PeerSession peer = RegistrarHarness.NewPeer();
        for (int i = 0; i < RegistrarLimits.TicketsPerPeerBurst; i++)
        {
            Assert.NotNull(_rendezvous.Enrol(peer).Ticket);
        }
        RendezvousError limited = RegistrarHarness.AssertError(RendezvousErrorCode.RateLimited, Renew(peer));
        Assert.InRange(limited.RetryAfterMs, 1u, 15_000u);
        Assert.Equal(RegistrarLimits.TicketsPerPeerBurst, _rendezvous.Journal.Count);
        _rendezvous.Advance(TimeSpan.FromMilliseconds(limited.RetryAfterMs));
        Assert.NotNull(Renew(peer).Ticket);
    }

    [Theory]
    [InlineData(-1, RendezvousErrorCode.JoinSecretRejected)]
    [InlineData(0, RendezvousErrorCode.JoinSecretRejected)]
    [InlineData(1, RendezvousErrorCode.Malformed)]
    public void A_join_secret_has_a_longest_length(int over, RendezvousErrorCode expected) => RegistrarHarness.AssertError(
        expected, _rendezvous.Enrol(RegistrarHarness.NewPeer(), secret: new string('x', RegistrarLimits.JoinSecretBytesMax + over)));

    [Theory]
    [InlineData(-1, RendezvousErrorCode.EvidenceRejected)]
    [InlineData(0, RendezvousErrorCode.EvidenceRejected)]
    [InlineData(1, RendezvousErrorCode.Malformed)]
    public void Evidence_has_a_longest_length(int over, RendezvousErrorCode expected)
    {
        RendezvousRequest request = RegistrarHarness.EnrolRequest(PeerRoles.Node, Secret);
        request.Enrol.Evidence = ByteString.CopyFrom(new byte[RegistrarLimits.EvidenceBytesMax + over]);
        RegistrarHarness.AssertError(expected, _rendezvous.Ask(RegistrarHarness.NewPeer(), request));
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    public void The_book_of_enrolments_is_full_at_its_limit(int enrolled, bool isFull)
    {
        EnrolmentBook book = new(enrolledPeersMax: 3);
        for (int i = 0; i < enrolled; i++)
        {
            book.Put(new Enrolment(TestKeys.NewPublicKey(), PeerRoles.Node, TrustTier.Self, _rendezvous.UnixNow, default));
        }
        Assert.Equal(isFull, book.IsFull);
    }

    private RendezvousResponse Renew(PeerSession peer) => _rendezvous.Ask(peer, RegistrarHarness.RenewRequest());

    private Ticket Verify(PeerSession peer, TicketGranted granted)
    {
        TicketVerdict verdict = _rendezvous.Verifier.Verify(granted.Ticket.Span, peer.Key, _rendezvous.UnixNow, out VerifiedTicket? verified);
        Assert.Equal(TicketVerdict.Valid, verdict);
        return verified!.Ticket;
    }

    private void Compact()
    {
        JournalRecord[] records = [.. _rendezvous.Registrar.ToRecords(_rendezvous.UnixNow)];
        _rendezvous.Journal.Clear();
        _rendezvous.Journal.AddRange(records);
    }
}
