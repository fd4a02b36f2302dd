using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Dispatch;

/// <summary>Decides what a node takes on: the one place that says no, before it has seen a prompt.</summary>
/// <remarks>
/// Inputs are <c>On*</c>; after each, drain <see cref="TryTakeChange"/> and <see cref="TryTakeGrant"/> and arm one timer for
/// <see cref="NextTimeout"/>.
/// A reservation's life:
/// <code>
/// (none)  -> [offer; slots free and nobody waits] -> Running  free: not kept for a gateway, or kept for this one (<see cref="SlotLeases"/>)
/// (none)  -> [offer; the queue has room]          -> Waiting  of a batch: if nobody but batches waits, in half of the queue
/// (none)  -> [offer; otherwise]                   -> (none)   refused with the reason
/// Waiting -> [first in line and slots free]       -> Running  granted: in the order of the offers, so nobody starves, and batches last
/// Waiting -> [its deadline]                       -> (none)   expired: its gateway has given up by now
/// Waiting -> [the node drains or pauses]          -> (none)   dropped: another node can still take it unseen
/// Waiting, Running -> [released]                  -> (none)   it ended, was cancelled, or its session broke
/// </code></remarks>
public sealed class Admission
{
    private readonly AdmissionPolicy _policy;
    private readonly SortedDictionary<long, Reservation> _reservations = [];
    private readonly Queue<AdmissionChange> _changes = [];

    /// <summary>Slots that are kept for gateways.</summary>
    private readonly SlotLeases _leases;

    /// <summary>Reservations without slots, in the order of their offers, those of batches last.</summary>
    private readonly List<Reservation> _waiting = [];

    private long _lastReservation;

    /// <summary>The sequence of the last report.</summary>
    private ulong _sequence;

    private int _slotsFree;
    private int _queued;
    private ServingState _state = ServingState.Serving;
    private float _prefillTokensPerSecond;
    private float _decodeTokensPerSecond;
    private TimeSpan _service;

    public Admission(AdmissionPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentOutOfRangeException.ThrowIfLessThan(policy.Slots, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(policy.Slots, NodeLoad.SlotsMax);
        ArgumentOutOfRangeException.ThrowIfNegative(policy.QueueMax);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(policy.QueueMax, NodeLoad.QueueDepthMax);
        _policy = policy;
        _slotsFree = policy.Slots;
        _service = policy.ServiceAssumed;
        _leases = new SlotLeases(policy.LeaseTime);
        AssertInvariants();
    }

    /// <summary>Requests that run or wait.</summary>
    public int Reserved => _reservations.Count;

    /// <summary>When the first waiting request or lease expires.</summary>
    public Instant? NextTimeout
    {
        get
        {
            Instant? next = _leases.NextTimeout;
            foreach (Reservation waiting in _waiting)
            {
                next = Instant.Earlier(next, waiting.ExpiresAt);
            }

            return next;
        }
    }

    /// <summary>Grows whenever the next report would differ from the last one in more than its sequence.</summary>
    public ulong Version { get; private set; }

    /// <summary>The load now, as the next report of this process.</summary>
    public NodeLoad Report() => new()
    {
        Sequence = ++_sequence,
        State = _state,
        Slots = _policy.Slots,
        SlotsFree = _slotsFree,
        SlotsLeased = _leases.Held,
        QueueDepth = _queued,
        QueueMax = _policy.QueueMax,
        PrefillTokensPerSecond = _prefillTokensPerSecond,
        DecodeTokensPerSecond = _decodeTokensPerSecond,
    };

    /// <summary>Decides on an offer; the leases that it names are spent whatever the answer is.</summary>
    /// <param name="gateway">Who makes it, as its session proved.</param>
    public AdmissionDecision OnOffer(Instant now, in OfferTerms offer, PeerId gateway = default)
    {
        int held = _leases.Held;
        _leases.OnTimeout(now);
        // A request of more choices than slots decodes them in turn: it holds every slot there is.
        int slots = Math.Min((int)offer.Choices, _policy.Slots);
        int kept = _leases.Spend(now, gateway, offer.Leases.AsSpan());
        if (!offer.IsBatch && kept < slots && (HasAhead(offer) || slots > SlotsAvailable))
        {
            kept += _leases.Recall(gateway, slots - kept);
        }

        bool mustWait = (kept < slots && HasAhead(offer)) || slots > SlotsAvailable;
        RefusalReason reason = ReasonAgainst(offer);
        if (reason == RefusalReason.Unspecified && mustWait)
        {
            reason = !HasRoom(offer, slots) ? RefusalReason.QueueFull
                : offer.FirstTokenMax is { } patience && Wait(offer, slots) > patience ? RefusalReason.DeadlineUnreachable
                : RefusalReason.Unspecified;
        }

        if (reason != RefusalReason.Unspecified)
        {
            uint retryAfterMs = RetryAfterMs(reason, offer, slots);
            if (_leases.Held != held)
            {
                Settle(now);
            }

            return new AdmissionDecision(AdmissionVerdict.Refuse, Reason: reason, RetryAfterMs: retryAfterMs);
        }

        Reservation reservation = new(++_lastReservation, slots, offer.FirstTokenMax is { } limit ? now + limit : null, offer.IsBatch);
        _reservations[reservation.Id] = reservation;
        if (mustWait)
        {
            int firstOfBatches = offer.IsBatch ? -1 : _waiting.FindIndex(static waiting => waiting.IsBatch);
            _waiting.Insert(firstOfBatches < 0 ? _waiting.Count : firstOfBatches, reservation);
            _queued += slots;
        }
        else
        {
            Run(now, reservation);
        }

        if (!offer.IsBatch)
        {
            _leases.OnAdmitted(now, gateway, slots);
        }

        Settle(now);
        return new AdmissionDecision(mustWait ? AdmissionVerdict.Queue : AdmissionVerdict.Admit, reservation.Id);
    }

    /// <summary>The gateway listens for leases from now on.</summary>
    public void OnSubscribed(PeerId gateway) => _leases.OnSubscribed(gateway);

    /// <summary>The gateway listens no more: what is kept for it is free again.</summary>
    public void OnUnsubscribed(Instant now, PeerId gateway)
    {
        _leases.OnUnsubscribed(gateway);
        Settle(now);
    }

    /// <summary>The request is over, however it ended; harmless for one that is gone already.</summary>
    public void OnReleased(Instant now, long id)
    {
        if (!_reservations.Remove(id, out Reservation? reservation))
        {
            return;
        }

        if (reservation.RunningSince is { } since)
        {
            _slotsFree += reservation.Slots;
            Measure(now - since);
        }
        else
        {
            _ = _waiting.Remove(reservation);
            _queued -= reservation.Slots;
        }

        Settle(now);
    }

    /// <summary>The node serves, drains or pauses; what waits is dropped unless it serves.</summary>
    public void OnState(Instant now, ServingState state)
    {
        if (state is not (ServingState.Serving or ServingState.Draining or ServingState.Paused))
        {
            throw new ArgumentOutOfRangeException(nameof(state));
        }

        if (state == _state)
        {
            return;
        }

        _state = state;
        if (state != ServingState.Serving)
        {
            Drop(AdmissionChangeKind.Dropped, static _ => true);
            _leases.Clear();
        }

        Settle(now);
    }

    /// <summary>The engine's speeds, as measured.</summary>
    public void OnSpeed(float prefillTokensPerSecond, float decodeTokensPerSecond)
    {
        _prefillTokensPerSecond = Possible(prefillTokensPerSecond);
        _decodeTokensPerSecond = Possible(decodeTokensPerSecond);

        static float Possible(float speed) =>
            float.IsFinite(speed) ? Math.Clamp(speed, 0, NodeLoad.TokensPerSecondMax) : 0;
    }

    /// <summary>Time has passed; harmless when it is early.</summary>
    public void OnTimeout(Instant now)
    {
        int held = _leases.Held;
        _leases.OnTimeout(now);
        if (Drop(AdmissionChangeKind.Expired, waiting => waiting.ExpiresAt <= now) || _leases.Held != held)
        {
            Settle(now);
        }
    }

    /// <summary>What happened to requests that wait.</summary>
    public bool TryTakeChange(out AdmissionChange change) => _changes.TryDequeue(out change);

    /// <summary>A slot that is kept for a gateway, which is to be told.</summary>
    public bool TryTakeGrant(out LeaseGrant grant) => _leases.TryTakeGrant(out grant);

    /// <summary>Slots that are free and kept for nobody.</summary>
    private int SlotsAvailable => _slotsFree - _leases.Held;

    /// <summary>Whether somebody waits whom the newcomer must not overtake.</summary>
    private bool HasAhead(in OfferTerms offer) => _waiting.Count > 0 && (offer.IsBatch || !_waiting[0].IsBatch);

    /// <summary>Whether the newcomer may wait.</summary>
    private bool HasRoom(in OfferTerms offer, int slots) => offer.IsBatch
        ? (_waiting.Count == 0 || _waiting[0].IsBatch) && _queued + slots <= _policy.QueueMax / 2
        : _queued + slots <= _policy.QueueMax;

    private RefusalReason ReasonAgainst(in OfferTerms offer) => _state switch
    {
        ServingState.Draining => RefusalReason.Draining,
        ServingState.Paused => RefusalReason.OwnerActive,
        _ when !string.Equals(offer.Model, _policy.Model, StringComparison.Ordinal) => RefusalReason.ModelNotServed,
        _ when offer.Fingerprint.Length > 0 && !string.Equals(offer.Fingerprint, _policy.Fingerprint, StringComparison.Ordinal) =>
            RefusalReason.ModelNotServed,
        _ when offer.AudioBytes > _policy.AudioBytesMax => RefusalReason.Unsupported,
        _ when offer.PromptBytes > _policy.PromptBytesMax || offer.TextBytes > _policy.TextBytesMax => RefusalReason.ContextLengthExceeded,
        _ => RefusalReason.Unspecified,
    };

    /// <summary>How long a newcomer would wait, judged by how long requests have taken.</summary>
    private TimeSpan Wait(in OfferTerms offer, int slots)
    {
        foreach (Reservation waiting in _waiting)
        {
            slots += offer.IsBatch || !waiting.IsBatch ? waiting.Slots : 0;
        }

        return _service * slots / _policy.Slots;
    }

    private uint RetryAfterMs(RefusalReason reason, in OfferTerms offer, int slots)
    {
        TimeSpan? wait = reason switch
        {
            // One place becomes free each time a slot does.
            RefusalReason.QueueFull => _service * slots / _policy.Slots,
            RefusalReason.DeadlineUnreachable => Wait(offer, slots),
            _ => null,
        };
        return wait is not { } some ? 0
            : (uint)Math.Clamp(some.TotalMilliseconds, _policy.RetryAfterMin.TotalMilliseconds, InferenceLimits.RetryAfterMsMax);
    }

    private void Run(Instant now, Reservation reservation)
    {
        reservation.RunningSince = now;
        _slotsFree -= reservation.Slots;
    }

    /// <summary>Gives what is free to those who wait, and keeps the rest for those who will come.</summary>
    private void Settle(Instant now)
    {
        Grant(now);
        if (_waiting.Count == 0 && _state == ServingState.Serving)
        {
            _leases.Issue(now, SlotsAvailable);
        }

        Version++;
        AssertInvariants();
    }

    private void Grant(Instant now)
    {
        while (_waiting.Count > 0 && _waiting[0].Slots <= SlotsAvailable)
        {
            Reservation first = _waiting[0];
            _waiting.RemoveAt(0);
            _queued -= first.Slots;
            Run(now, first);
            _changes.Enqueue(new AdmissionChange(first.Id, AdmissionChangeKind.Granted));
        }
    }

    private bool Drop(AdmissionChangeKind kind, Predicate<Reservation> which)
    {
        int before = _waiting.Count;
        foreach (Reservation waiting in CollectionsMarshal.AsSpan(_waiting))
        {
            if (which(waiting))
            {
                _ = _reservations.Remove(waiting.Id);
                _queued -= waiting.Slots;
                _changes.Enqueue(new AdmissionChange(waiting.Id, kind));
            }
        }

        _ = _waiting.RemoveAll(which);
        return _waiting.Count < before;
    }

    private void Measure(TimeSpan service)
    {
        const double NewestShare = 0.2;
        _service += (service - _service) * NewestShare;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        int running = 0, queued = 0;
        foreach (Reservation reservation in _reservations.Values)
        {
            (running, queued) = reservation.RunningSince is null
                ? (running, queued + reservation.Slots)
                : (running + reservation.Slots, queued);
        }

        Debug.Assert(running + _slotsFree == _policy.Slots, "every slot is free or held by one reservation");
        Debug.Assert(queued == _queued && queued <= _policy.QueueMax, "the queue holds what waits and no more than it may");
        Debug.Assert(_waiting.Count == 0 || _waiting[0].Slots > SlotsAvailable, "nobody waits while its slots are free");
        Debug.Assert(_leases.Held <= _slotsFree, "only free slots are kept");
        Debug.Assert(_state == ServingState.Serving || _waiting.Count + _leases.Held == 0, "nothing waits or is kept on a node that doesn't serve");
    }

    private sealed class Reservation(long id, int slots, Instant? expiresAt, bool isBatch)
    {
        public long Id { get; } = id;

        public int Slots { get; } = slots;

        public bool IsBatch { get; } = isBatch;

        /// <summary>When it is dropped if it still waits; null: it waits for as long as it takes.</summary>
        public Instant? ExpiresAt { get; } = expiresAt;

        /// <summary>Set when it gets its slots; null while it waits.</summary>
        public Instant? RunningSince { get; set; }
    }
}
