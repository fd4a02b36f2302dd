using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Linq;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Darkbloom.Protocol.Tickets;
using Google.Protobuf;

namespace Darkbloom.Mesh.Membership;

/// <summary>Decides what a peer says to its rendezvous, and when: enrol, renew, publish, follow the directory, reconnect.</summary>
/// <remarks>
/// <para>Inputs: the <c>On*</c> methods, <see cref="Publish"/> and <see cref="Timeout"/>; after each of them drain
/// <see cref="TryTakeCommand"/> and re-arm one timer for <see cref="NextTimeout"/>. Spurious timeouts are harmless.</para>
/// <para>Nothing here depends on the rendezvous being up: ticket and entries are dropped when they lapse, not when the
/// session does.</para>
/// </remarks>
public sealed class MembershipState
{
    private readonly MembershipProfile _profile;
    private readonly TicketVerifier _verifier;
    private readonly DirectoryView _directory;
    private readonly Backoff _reconnect;
    private readonly Queue<MembershipCommand> _commands = new();
    private readonly JobClock[] _jobs = new JobClock[JobCount];
    private readonly string[] _jobFaults = new string[JobCount];

    private string _sessionFault = "";
    private Instant? _reconnectAt;
    private ulong _session;
    private PeerCard? _card;
    private bool _cardIsNewer;
    private VerifiedTicket? _ticket;
    private Instant _renewAt;
    private ulong _listedVersion;
    private Instant _fetchedAt;

    /// <param name="now">The first connection is attempted at once.</param>
    public MembershipState(Instant now, MembershipProfile profile, Prng prng)
    {
        ArgumentNullException.ThrowIfNull(profile);
        _profile = profile;
        _verifier = new TicketVerifier(profile.Network);
        _directory = new DirectoryView(_verifier);
        _reconnect = new Backoff(MembershipTimings.ReconnectDelayMsMin, MembershipTimings.ReconnectDelayMsMax, prng);
        _reconnectAt = now;
        _fetchedAt = now - TimeSpan.FromMilliseconds(MembershipTimings.DirectoryFetchIntervalMs);
    }

    public MembershipStage Stage { get; private set; }

    /// <summary>The ticket in force, which may outlive any session; null when there is none.</summary>
    public VerifiedTicket? Ticket => _ticket;

    /// <summary>The believed entries, sorted by peer id.</summary>
    public ImmutableArray<DirectoryEntry> Entries => _directory.Entries;

    /// <summary>Grows whenever <see cref="Entries"/> changes; 0 until the first listing.</summary>
    public ulong EntriesVersion { get; private set; }

    /// <summary>The card that the rendezvous has last acknowledged on this session; null until it has.</summary>
    public PeerCard? PublishedCard { get; private set; }

    /// <summary>What keeps this peer from being a full member, in words for its owner; empty when all is well.</summary>
    public string Fault => _sessionFault.Length > 0 ? _sessionFault : Array.Find(_jobFaults, fault => fault?.Length > 0) ?? "";

    public Instant? NextTimeout
    {
        get
        {
            Instant? next = Instant.Earlier(_directory.NextTimeout, Stage == MembershipStage.Away ? _reconnectAt : null);
            if (IsConnected)
            {
                foreach (MembershipJob job in ActiveJobs)
                {
                    next = Instant.Earlier(next, _jobs[(int)job].Next);
                }
            }
            return next;
        }
    }

    /// <summary>Publishes the card now if possible and from now on; the newest replaces those before.</summary>
    public void Publish(Instant now, PeerCard card)
    {
        ArgumentNullException.ThrowIfNull(card);
        if (PeerCardRules.FindFault(card) is { } fault)
        {
            throw new ArgumentException($"No peer would believe this card: {fault}.", nameof(card));
        }
        _card = card.Clone();
        _cardIsNewer = true;
        Clock(MembershipJob.Card).DueAt = now;
        StartDueJobs(now);
    }

    public void OnConnected(Instant now, UnixTime unixNow)
    {
        Debug.Assert(Stage == MembershipStage.Connecting, "Only an attempt under way can succeed.");
        _session++;
        _sessionFault = "";
        Array.Clear(_jobs);
        Array.Clear(_jobFaults);
        PublishedCard = null;
        // What left while there was no session shows only in a whole listing.
        _listedVersion = 0;
        DropExpiredTicket(unixNow);
        if (_ticket is null)
        {
            Join(now);
        }
        else
        {
            EnterJoined(now);
        }
        StartDueJobs(now);
    }

    public void OnConnectFailed(Instant now, string reason)
    {
        Debug.Assert(Stage == MembershipStage.Connecting, "Only an attempt under way can fail.");
        _sessionFault = reason;
        Leave(now);
    }

    /// <summary>The rendezvous refused the ticket in the handshake; the next attempt is made without it.</summary>
    public void OnTicketRejected(Instant now)
    {
        Debug.Assert(Stage == MembershipStage.Connecting, "Tickets are judged in the handshake.");
        _ticket = null;
        _commands.Enqueue(new MembershipCommand.UseTicket(default));
        OnConnectFailed(now, "The rendezvous rejected this peer's ticket.");
    }

    public void OnClosed(Instant now, string reason)
    {
        if (IsConnected)
        {
            _sessionFault = reason;
            // A session that came to something earns a quick first retry.
            _reconnect.Reset();
            Leave(now);
        }
    }

    public void OnResponse(Instant now, UnixTime unixNow, MembershipJob job, RendezvousResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        if (!IsConnected)
        {
            return;
        }
        Clock(job).Running = false;
        _jobFaults[(int)job] = "";
        switch (response.BodyCase, job)
        {
            case (RendezvousResponse.BodyOneofCase.Ticket, MembershipJob.Ticket):
                OnTicket(now, unixNow, response.Ticket);
                break;
            case (RendezvousResponse.BodyOneofCase.Directory, MembershipJob.Directory):
                OnDirectory(now, unixNow, response.Directory);
                break;
            case (RendezvousResponse.BodyOneofCase.Done, MembershipJob.Card):
                OnCardPublished(now);
                break;
            case (RendezvousResponse.BodyOneofCase.Error, _):
                OnError(now, job, response.Error);
                break;
            default:
                RetryLater(now, job, MembershipTimings.RequestRetryDelayMs, "The rendezvous gave an answer to another question.");
                break;
        }
        StartDueJobs(now);
    }

    /// <summary>No answer came, or the notice stream ended, while the session goes on.</summary>
    public void OnRequestFailed(Instant now, MembershipJob job, string reason)
    {
        if (IsConnected && Clock(job).Running)
        {
            Clock(job).Running = false;
            RetryLater(now, job, MembershipTimings.RequestRetryDelayMs, reason);
        }
    }

    public void OnNotice(Instant now, RendezvousNotice notice)
    {
        ArgumentNullException.ThrowIfNull(notice);
        if (notice.BodyCase == RendezvousNotice.BodyOneofCase.DirectoryChanged && notice.DirectoryChanged.Version != _listedVersion)
        {
            FetchSoon(now);
            StartDueJobs(now);
        }
    }

    public void Timeout(Instant now, UnixTime unixNow)
    {
        DropExpiredTicket(unixNow);
        if (_directory.Expire(now, unixNow))
        {
            EntriesVersion++;
        }
        if (Stage == MembershipStage.Away && _reconnectAt <= now)
        {
            Stage = MembershipStage.Connecting;
            _reconnectAt = null;
            _commands.Enqueue(new MembershipCommand.Connect());
        }
        StartDueJobs(now);
        AssertInvariants();
    }

    public bool TryTakeCommand(out MembershipCommand? command) => _commands.TryDequeue(out command);

    private bool IsConnected => Stage is MembershipStage.Joining or MembershipStage.Joined;

    // Everything but the ticket is for members, and would only be refused before.
    private ReadOnlySpan<MembershipJob> ActiveJobs => Stage == MembershipStage.Joined
        ? [MembershipJob.Ticket, MembershipJob.Card, MembershipJob.Directory, MembershipJob.Notices]
        : [MembershipJob.Ticket];

    private ref JobClock Clock(MembershipJob job) => ref _jobs[(int)job];

    private void StartDueJobs(Instant now)
    {
        if (!IsConnected)
        {
            return;
        }
        foreach (MembershipJob job in ActiveJobs)
        {
            if (Clock(job).IsDue(now))
            {
                Clock(job) = new JobClock { Running = true };
                Start(now, job);
            }
        }
    }

    private void Start(Instant now, MembershipJob job)
    {
        RendezvousRequest request = new();
        switch (job)
        {
            case MembershipJob.Ticket when Stage == MembershipStage.Joining:
                request.Enrol = new EnrolRequest { Roles = (uint)_profile.Roles, JoinSecret = _profile.JoinSecret };
                break;
            case MembershipJob.Ticket:
                request.Renew = new RenewRequest();
                break;
            case MembershipJob.Card:
                _cardIsNewer = false;
                request.PublishCard = new PublishCard { Card = _card };
                break;
            case MembershipJob.Directory:
                _fetchedAt = now;
                request.Directory = new DirectoryRequest { KnownVersion = _listedVersion };
                break;
            default:
                request.Notices = new NoticeSubscription();
                _commands.Enqueue(new MembershipCommand.Subscribe(request));
                return;
        }
        _commands.Enqueue(new MembershipCommand.Ask(job, request));
    }

    private void OnTicket(Instant now, UnixTime unixNow, TicketGranted granted)
    {
        foreach (ByteString bytes in granted.TicketKeys.Take(TicketKeysMax))
        {
            if (PublicKey.TryRead(bytes.Span, out PublicKey key))
            {
                _verifier.Trust(key);
                _commands.Enqueue(new MembershipCommand.TrustTicketKey(key));
            }
        }
        TicketVerdict verdict = _verifier.Verify(granted.Ticket.Span, _profile.Key, unixNow, out VerifiedTicket? ticket);
        if (verdict != TicketVerdict.Valid)
        {
            RetryLater(now, MembershipJob.Ticket, MembershipTimings.RejectedDelayMs,
                $"The rendezvous granted a ticket that doesn't verify ({verdict}); are both clocks right?");
            return;
        }
        _ticket = ticket;
        _commands.Enqueue(new MembershipCommand.UseTicket(ticket!.Envelope));
        // The rendezvous drew the instant of renewal; counted from the ticket's own start it doesn't depend on our clock.
        long delayS = Math.Clamp(
            (long)Math.Min(granted.RenewAfterS, long.MaxValue) - ticket.Ticket.NotBefore.Seconds,
            MembershipTimings.RenewDelaySMin,
            Protocol.Tickets.Ticket.LifetimeSecondsMax);
        _renewAt = now + TimeSpan.FromSeconds(delayS);
        if (Stage == MembershipStage.Joining)
        {
            EnterJoined(now);
        }
        else
        {
            Clock(MembershipJob.Ticket).DueAt = _renewAt;
        }
    }

    private void OnDirectory(Instant now, UnixTime unixNow, Directory directory)
    {
        _reconnect.Reset();
        Clock(MembershipJob.Directory).DueAt ??= now + TimeSpan.FromSeconds(MembershipTimings.DirectoryIntervalS);
        if (directory.Unchanged)
        {
            return;
        }
        // The first listing is news even when it is empty: from then on the directory is known.
        if (_directory.Merge(now, unixNow, _session, directory.Entries) || EntriesVersion == 0)
        {
            EntriesVersion++;
        }
        // Entries that aren't believed yet may be once a clock or a key has caught up: don't call this version known.
        _listedVersion = _directory.Disbelieved == 0 ? directory.Version : 0;
    }

    private void OnCardPublished(Instant now)
    {
        PublishedCard = _card;
        Clock(MembershipJob.Card).DueAt =
            _cardIsNewer ? now : now + TimeSpan.FromSeconds(MembershipTimings.CardIntervalS);
    }

    private void OnError(Instant now, MembershipJob job, RendezvousError error)
    {
        string fault = Explain(error);
        switch (error.Code)
        {
            case RendezvousErrorCode.NotEnrolled when Stage == MembershipStage.Joined:
                _jobFaults[(int)job] = fault;
                Join(now);
                break;
            case RendezvousErrorCode.RateLimited:
                int delayMs = (int)Math.Clamp(error.RetryAfterMs, MembershipTimings.ReconnectDelayMsMin, MembershipTimings.RejectedDelayMs);
                RetryLater(now, job, delayMs, fault);
                break;
            default:
                RetryLater(now, job, MembershipTimings.RejectedDelayMs, fault);
                break;
        }
    }

    private static string Explain(RendezvousError error) => error.Code switch
    {
        RendezvousErrorCode.JoinSecretRejected => "The rendezvous rejected the join secret.",
        RendezvousErrorCode.RoleRejected => "The rendezvous doesn't grant the roles asked for.",
        RendezvousErrorCode.NotEnrolled => "The rendezvous doesn't know this peer.",
        RendezvousErrorCode.RateLimited => "The rendezvous asks for patience.",
        RendezvousErrorCode.Full => "The rendezvous is full.",
        _ => $"The rendezvous refused a request ({error.Code}).",
    };

    private void RetryLater(Instant now, MembershipJob job, int delayMs, string fault)
    {
        _jobFaults[(int)job] = fault;
        Clock(job).DueAt = now + TimeSpan.FromMilliseconds(delayMs);
    }

    private void FetchSoon(Instant now)
    {
        Instant earliest = _fetchedAt + TimeSpan.FromMilliseconds(MembershipTimings.DirectoryFetchIntervalMs);
        Clock(MembershipJob.Directory).DueAt = earliest > now ? earliest : now;
    }

    private void Join(Instant now)
    {
        Stage = MembershipStage.Joining;
        Clock(MembershipJob.Ticket).DueAt = now;
    }

    private void EnterJoined(Instant now)
    {
        Stage = MembershipStage.Joined;
        Array.Clear(_jobFaults);
        Clock(MembershipJob.Ticket).DueAt = _renewAt;
        Clock(MembershipJob.Card).DueAt = _card is null ? null : now;
        Clock(MembershipJob.Notices).DueAt = Clock(MembershipJob.Notices).Running ? null : now;
        FetchSoon(now);
    }

    private void Leave(Instant now)
    {
        Stage = MembershipStage.Away;
        _reconnectAt = now + _reconnect.Next();
    }

    private void DropExpiredTicket(UnixTime unixNow)
    {
        if (_ticket is { } ticket && ticket.Ticket.NotAfter <= unixNow)
        {
            _ticket = null;
            _commands.Enqueue(new MembershipCommand.UseTicket(default));
        }
    }

    private const int JobCount = 4;

    /// <summary>A rendezvous has the key it signs with, and while it changes it the one before and the one after.</summary>
    private const int TicketKeysMax = 8;

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(Stage == MembershipStage.Away == _reconnectAt.HasValue, "A reconnect is planned exactly while away.");
        Debug.Assert(Stage != MembershipStage.Joined || _session > 0, "Membership comes from a session.");
    }
}
