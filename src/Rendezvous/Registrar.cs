using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Text;
using Darkbloom.Mesh.Membership;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Rendezvous.Attestation;
using Darkbloom.Rendezvous.Introductions;
using Darkbloom.Rendezvous.Limits;
using Darkbloom.Rendezvous.Log;
using Darkbloom.Rendezvous.Tickets;
using Google.Protobuf;

namespace Darkbloom.Rendezvous;

/// <summary>Decides everything that a rendezvous decides: who is let in, who is listed, who is introduced to whom.</summary>
/// <remarks>
/// <para>Inputs: <see cref="Restore"/> for each record of the journal before anything else, then <see cref="Handle"/>,
/// <see cref="Unsubscribe"/>, <see cref="Revoke"/> and <see cref="Timeout"/>. After each input drain
/// <see cref="TryTakeRecord"/>, make the records durable, and only then send the answer: a ticket that left must not be
/// forgotten. Then drain <see cref="TryTakeNotice"/> and re-arm one timer for <see cref="NextTimeout"/>.</para>
/// <para>Nothing that a peer sends throws; what it does wrong is answered with a <see cref="RendezvousError"/>.</para>
/// </remarks>
public sealed class Registrar
{
    private static readonly TimeSpan CardLifetime = TimeSpan.FromSeconds(RegistrarLimits.CardLifetimeS);
    private static readonly TimeSpan NoticeInterval = TimeSpan.FromMilliseconds(RegistrarLimits.DirectoryNoticeIntervalMs);
    private static readonly TimeSpan HousekeepingInterval = TimeSpan.FromHours(1);

    private readonly JoinPolicy _join;
    private readonly int _subscriptionsMax;
    private readonly TicketIssuer _issuer;
    private readonly EnrolmentBook _book = new();
    private readonly PeerDirectory _directory;
    private readonly SortedSet<PeerId> _subscribers = [];
    private readonly Queue<JournalRecord> _records = new();
    private readonly Queue<AddressedNotice> _notices = new();

    private readonly Meter<PeerId> _requests = new(PerSecond(RegistrarLimits.RequestsPerPeerBurst, RegistrarLimits.RequestsPerPeerPerSecond));
    private readonly Meter<PeerId> _tickets = new(PerMinute(RegistrarLimits.TicketsPerPeerBurst, RegistrarLimits.TicketsPerPeerPerMinute));
    private readonly Meter<PeerId> _introductions = new(PerSecond(RegistrarLimits.IntroductionsPerPeerBurst, RegistrarLimits.IntroductionsPerPeerPerSecond));
    private readonly Meter<PeerId> _announcements = new(PerSecond(RegistrarLimits.AnnouncementsPerPeerBurst, RegistrarLimits.AnnouncementsPerPeerPerSecond));
    private readonly Meter<AddressPrefix> _wrongSecrets = new(PerMinute(RegistrarLimits.WrongSecretsPerPrefixBurst, RegistrarLimits.WrongSecretsPerPrefixPerMinute));
    private readonly Meter<AddressPrefix> _enrolments = new(PerMinute(RegistrarLimits.EnrolmentsPerPrefixBurst, RegistrarLimits.EnrolmentsPerPrefixPerMinute));

    private Instant _noticedAt;
    private bool _changeUnnoticed;
    private Instant _housekeepingAt;

    /// <param name="now">The monotonic clock at start.</param>
    /// <param name="startedAt">The wall clock at start; directory versions begin with it.</param>
    public Registrar(Instant now, UnixTime startedAt, RegistrarOptions options, TicketSigner signer, Prng prng)
    {
        ArgumentNullException.ThrowIfNull(options);
        _join = options.Join;
        _subscriptionsMax = options.SubscriptionsMax;
        _issuer = new TicketIssuer(options.Network, signer, prng);
        _directory = new PeerDirectory(startedAt);
        _noticedAt = now - NoticeInterval;
        _housekeepingAt = now + HousekeepingInterval;
    }

    public int EnrolledCount => _book.Count;

    public int CardCount => _directory.Count;

    public int SubscriberCount => _subscribers.Count;

    public Instant? NextTimeout => Instant.Earlier(
        Instant.Earlier(_directory.NextTimeout, _housekeepingAt),
        _changeUnnoticed ? _noticedAt + NoticeInterval : null);

    /// <summary>Takes back what an earlier run has journalled, oldest first.</summary>
    public void Restore(JournalRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        _book.Restore(record);
    }

    /// <summary>The records that stand for all of this state, to replace a journal that has grown long.</summary>
    public IEnumerable<JournalRecord> ToRecords(UnixTime unixNow) => _book.ToRecords(unixNow);

    /// <summary>Answers one request; <see cref="Done"/> to a subscription means that notices may follow.</summary>
    public RendezvousResponse Handle(Instant now, UnixTime unixNow, PeerSession session, RendezvousRequest request)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(request);
        if (!_requests.TryTake(now, session.Id, out TimeSpan wait))
        {
            return RateLimited(wait);
        }
        if (request.CalculateSize() > RegistrarLimits.RequestBytesMax)
        {
            return Error(RendezvousErrorCode.Malformed, $"the request has more than {RegistrarLimits.RequestBytesMax} bytes");
        }
        ExpireCards(now);
        RendezvousResponse response = request.BodyCase switch
        {
            RendezvousRequest.BodyOneofCase.Address => new() { Address = new AddressAnswer { Endpoint = Endpoints.Of(session.Observed) } },
            RendezvousRequest.BodyOneofCase.Enrol => Enrol(now, unixNow, session, request.Enrol),
            RendezvousRequest.BodyOneofCase.None => Error(RendezvousErrorCode.Malformed, "the request is of no known kind"),
            RendezvousRequest.BodyOneofCase.Renew => Renew(now, unixNow, session),
            _ => HandleMember(now, unixNow, session, request),
        };
        NoticeChanges(now);
        AssertInvariants();
        return response;
    }

    /// <summary>The peer's notice stream has ended.</summary>
    public void Unsubscribe(PeerId peer) => _subscribers.Remove(peer);

    /// <summary>Takes a peer's enrolment back: it gets no ticket any more; those it has run out by themselves.</summary>
    /// <param name="digits">The hexadecimal digits that the peer's id begins with, no fewer than people are shown.</param>
    public Revocation Revoke(Instant now, UnixTime unixNow, string digits)
    {
        ArgumentNullException.ThrowIfNull(digits);
        PeerId[] peers = digits.Length < RegistrarLimits.RevokedDigitsMin ? [] : [.. _book.FindAll(digits).Take(2)];
        if (peers.Length != 1)
        {
            return peers.Length == 0 ? Revocation.Unknown : Revocation.Ambiguous;
        }
        _records.Enqueue(_book.Revoke(peers[0], unixNow)!);
        _changeUnnoticed |= _directory.Remove(peers[0]);
        NoticeChanges(now);
        return Revocation.Revoked;
    }

    public void Timeout(Instant now, UnixTime unixNow)
    {
        ExpireCards(now);
        NoticeChanges(now);
        if (_housekeepingAt <= now)
        {
            _housekeepingAt = now + HousekeepingInterval;
            _book.ForgetIdle(unixNow);
        }
    }

    public bool TryTakeRecord(out JournalRecord? record) => _records.TryDequeue(out record);

    public bool TryTakeNotice(out AddressedNotice notice) => _notices.TryDequeue(out notice);

    private RendezvousResponse Enrol(Instant now, UnixTime unixNow, PeerSession session, EnrolRequest request)
    {
        // Step 1: what can be refused without looking at the secret.
        PeerRoles roles = (PeerRoles)request.Roles;
        if (!JoinPolicy.AreGrantable(roles))
        {
            return Error(RendezvousErrorCode.RoleRejected, "a peer can be node, gateway, relay, or several of them");
        }
        if (Encoding.UTF8.GetByteCount(request.JoinSecret) > RegistrarLimits.JoinSecretBytesMax)
        {
            return Error(RendezvousErrorCode.Malformed, $"join_secret has more than {RegistrarLimits.JoinSecretBytesMax} bytes");
        }
        if (request.Evidence.Length > RegistrarLimits.EvidenceBytesMax)
        {
            return Error(RendezvousErrorCode.Malformed, $"evidence has more than {RegistrarLimits.EvidenceBytesMax} bytes");
        }

        // Step 2: the secret. A prefix that guessed too often isn't even compared, or the answer would tell.
        AddressPrefix prefix = AddressPrefix.Of(session.Observed);
        if (!_wrongSecrets.Allows(now, prefix, out TimeSpan wait))
        {
            return RateLimited(wait);
        }
        if (!_join.Accepts(request.JoinSecret))
        {
            _ = _wrongSecrets.TryTake(now, prefix, out _);
            return Error(RendezvousErrorCode.JoinSecretRejected, "the join secret is not the one of this network");
        }

        // Step 3: the evidence, and with it the tier.
        EvidenceVerdict evidence = EvidencePolicy.Judge(request.Evidence.Span);
        if (evidence.Tier is not { } tier)
        {
            return Error(RendezvousErrorCode.EvidenceRejected, evidence.Fault);
        }

        // Step 4: room for one more.
        if (_book.IsRevoked(session.Id))
        {
            return Error(RendezvousErrorCode.NotEnrolled, "the operator has revoked this peer");
        }
        if (_book.Find(session.Id) is null)
        {
            if (_book.IsFull)
            {
                return Error(RendezvousErrorCode.Full, "no more peers can enrol here");
            }
            if (!_enrolments.TryTake(now, prefix, out wait))
            {
                return RateLimited(wait);
            }
        }
        return Grant(now, unixNow, session, roles, tier);
    }

    private RendezvousResponse Renew(Instant now, UnixTime unixNow, PeerSession session) =>
        _book.Find(session.Id) is { } enrolment
            ? Grant(now, unixNow, session, enrolment.Roles, enrolment.Tier)
            : Error(RendezvousErrorCode.NotEnrolled, "this peer is not enrolled here");

    private RendezvousResponse Grant(Instant now, UnixTime unixNow, PeerSession session, PeerRoles roles, TrustTier tier)
    {
        if (!_tickets.TryTake(now, session.Id, out TimeSpan wait))
        {
            return RateLimited(wait);
        }
        Enrolment enrolment = _issuer.Issue(unixNow, session.Key, roles, tier);
        _book.Put(enrolment);
        _records.Enqueue(enrolment.ToRecord(unixNow));
        _directory.Renew(session.Id, enrolment.Envelope);
        TicketGranted granted = new()
        {
            Ticket = ByteString.CopyFrom(enrolment.Envelope.Span),
            RenewAfterS = (ulong)_issuer.DrawRenewal(unixNow).Seconds,
        };
        foreach (PublicKey key in _issuer.TicketKeys)
        {
            granted.TicketKeys.Add(ByteString.CopyFrom(key.ToBytes()));
        }
        return new RendezvousResponse { Ticket = granted };
    }

    private RendezvousResponse HandleMember(Instant now, UnixTime unixNow, PeerSession session, RendezvousRequest request)
    {
        if (_book.Find(session.Id) is not { } enrolment || !enrolment.HasTicket(unixNow))
        {
            return Error(RendezvousErrorCode.NotEnrolled, "this is for members: enrol, or renew the ticket, first");
        }
        return request.BodyCase switch
        {
            RendezvousRequest.BodyOneofCase.PublishCard => PublishCard(now, unixNow, session, enrolment, request.PublishCard),
            RendezvousRequest.BodyOneofCase.Withdraw => Withdraw(session),
            RendezvousRequest.BodyOneofCase.Directory => new() { Directory = _directory.Answer(session.Id, request.Directory) },
            RendezvousRequest.BodyOneofCase.Introduce => Introduce(now, session, request.Introduce),
            _ => Subscribe(session),
        };
    }

    private RendezvousResponse PublishCard(Instant now, UnixTime unixNow, PeerSession session, Enrolment enrolment, PublishCard request)
    {
        if (PeerCardRules.FindFault(request.Card) is { } fault)
        {
            return Error(RendezvousErrorCode.Malformed, fault);
        }
        if (!request.Card.PublicKey.Span.SequenceEqual(session.Key.ToBytes()))
        {
            return Error(RendezvousErrorCode.Malformed, "a peer publishes its own card only");
        }
        if (((PeerRoles)request.Card.Roles & ~enrolment.Roles) != 0)
        {
            return Error(RendezvousErrorCode.RoleRejected, "the card claims a role that the ticket doesn't have");
        }
        if (_directory.Find(session.Id) is { } listed && listed.Entry.Card.Epoch > request.Card.Epoch)
        {
            return Error(RendezvousErrorCode.Malformed, $"a card of epoch {listed.Entry.Card.Epoch} is already listed");
        }
        if (!_directory.HasRoomFor(session.Id))
        {
            return Error(RendezvousErrorCode.Full, "no more cards can be listed here");
        }
        TimeSpan ticketLeft = enrolment.TicketEndsAt - unixNow;
        Instant expiresAt = now + (ticketLeft < CardLifetime ? ticketLeft : CardLifetime);
        PeerCard card = Endpoints.Complete(request.Card, session.Observed);
        _changeUnnoticed |= _directory.Put(session.Id, card, session.Observed, enrolment.Envelope, expiresAt);
        return DoneResponse();
    }

    private RendezvousResponse Withdraw(PeerSession session)
    {
        _changeUnnoticed |= _directory.Remove(session.Id);
        return DoneResponse();
    }

    private RendezvousResponse Introduce(Instant now, PeerSession session, IntroduceRequest request)
    {
        if (!PeerId.TryRead(request.PeerId.Span, out PeerId target))
        {
            return Error(RendezvousErrorCode.Malformed, $"peer_id must have {PeerId.Size} bytes");
        }
        if (!_introductions.TryTake(now, session.Id, out TimeSpan wait))
        {
            return RateLimited(wait);
        }
        if (_directory.Find(target) is not { } listing)
        {
            return Error(RendezvousErrorCode.UnknownPeer, "no such peer is listed");
        }
        Introduced introduced = new();
        Endpoints.AddAll(introduced.Endpoints, listing.Entry.Card, listing.Observed);
        if (target != session.Id && _subscribers.Contains(target) && _announcements.TryTake(now, target, out _))
        {
            IntroductionNotice notice = new() { PeerId = ByteString.CopyFrom(session.Id.ToBytes()) };
            Endpoints.AddAll(notice.Endpoints, _directory.Find(session.Id)?.Entry.Card, session.Observed);
            _notices.Enqueue(new AddressedNotice(target, new RendezvousNotice { Introduction = notice }));
        }
        return new RendezvousResponse { Introduced = introduced };
    }

    private RendezvousResponse Subscribe(PeerSession session)
    {
        if (_subscribers.Count >= _subscriptionsMax && !_subscribers.Contains(session.Id))
        {
            return Error(RendezvousErrorCode.Full, "no more peers can follow notices here");
        }
        _ = _subscribers.Add(session.Id);
        // The first notice says where the directory stands, so that nothing falls between a fetch and the subscription.
        _notices.Enqueue(new AddressedNotice(session.Id, ChangeNotice()));
        return DoneResponse();
    }

    private void ExpireCards(Instant now) => _changeUnnoticed |= _directory.Expire(now);

    // A burst of changes is announced once: with N followers each announcement costs N fetches.
    private void NoticeChanges(Instant now)
    {
        if (!_changeUnnoticed || now < _noticedAt + NoticeInterval)
        {
            return;
        }
        _changeUnnoticed = false;
        _noticedAt = now;
        foreach (PeerId subscriber in _subscribers)
        {
            _notices.Enqueue(new AddressedNotice(subscriber, ChangeNotice()));
        }
    }

    private RendezvousNotice ChangeNotice() => new() { DirectoryChanged = new DirectoryChanged { Version = _directory.Version } };

    private static RendezvousResponse DoneResponse() => new() { Done = new Done() };

    private static RendezvousResponse RateLimited(TimeSpan wait)
    {
        RendezvousResponse response = Error(RendezvousErrorCode.RateLimited, "too many requests");
        response.Error.RetryAfterMs = (uint)Math.Ceiling(wait.TotalMilliseconds);
        return response;
    }

    private static RendezvousResponse Error(RendezvousErrorCode code, string detail) =>
        new() { Error = new RendezvousError { Code = code, Detail = detail } };

    private static Rate PerSecond(int burst, int count) => new(burst, count, TimeSpan.FromSeconds(1));

    private static Rate PerMinute(int burst, int count) => new(burst, count, TimeSpan.FromMinutes(1));

    [Conditional("DEBUG")]
    private void AssertInvariants() =>
        Debug.Assert(_directory.Count <= RegistrarLimits.CardsMax && _subscribers.Count <= _subscriptionsMax,
            "What peers make the registrar keep is bounded.");
}
