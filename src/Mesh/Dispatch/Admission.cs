using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Dispatch;

/// <summary>Decides what a node takes on: the one place that says no, before it has seen a prompt.</summary>
/// <remarks>
/// Inputs are <see cref="OnOffer"/>, <see cref="OnReleased"/>, <see cref="OnState"/>, <see cref="OnSpeed"/> and
/// <see cref="OnTimeout"/>; after each, drain <see cref="TryTakeChange"/> and arm one timer for <see cref="NextTimeout"/>.
/// A reservation's life:
/// <code>
/// (none)  -> [offer; slots free and nobody waits] -> Running
/// (none)  -> [offer; the queue has room]          -> Waiting
/// (none)  -> [offer; otherwise]                   -> (none)   refused with the reason
/// Waiting -> [first in line and slots free]       -> Running  granted: in the order of the offers, so nobody starves
/// Waiting -> [its deadline]                       -> (none)   expired: its gateway has given up by now
/// Waiting -> [the node drains or pauses]          -> (none)   dropped: another node can still take it unseen
/// Waiting, Running -> [released]                  -> (none)   it ended, was cancelled, or its session broke
/// </code></remarks>
public sealed class Admission
{
    private readonly AdmissionPolicy _policy;
    private readonly SortedDictionary<long, Reservation> _reservations = [];
    private readonly Queue<AdmissionChange> _changes = [];

    /// <summary>Reservations without slots, in the order of their offers.</summary>
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
        AssertInvariants();
    }

    /// <summary>Requests that run or wait.</summary>
    public int Reserved => _reservations.Count;

    /// <summary>When the first waiting request expires.</summary>
    public Instant? NextTimeout
    {
        get
        {
            Instant? next = null;
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
        QueueDepth = _queued,
        QueueMax = _policy.QueueMax,
        PrefillTokensPerSecond = _prefillTokensPerSecond,
        DecodeTokensPerSecond = _decodeTokensPerSecond,
    };

    public AdmissionDecision OnOffer(Instant now, in OfferTerms offer)
    {
        RefusalReason reason = ReasonAgainst(offer);
        // A request of more choices than slots decodes them in turn: it holds every slot there is.
        int slots = Math.Min((int)offer.Choices, _policy.Slots);
        bool mustWait = _waiting.Count > 0 || slots > _slotsFree;
        if (reason == RefusalReason.Unspecified && mustWait)
        {
            reason = _queued + slots > _policy.QueueMax ? RefusalReason.QueueFull
                : offer.FirstTokenMax is { } patience && Wait(slots) > patience ? RefusalReason.DeadlineUnreachable
                : RefusalReason.Unspecified;
        }

        if (reason != RefusalReason.Unspecified)
        {
            return new AdmissionDecision(AdmissionVerdict.Refuse, Reason: reason, RetryAfterMs: RetryAfterMs(reason, slots));
        }

        Reservation reservation = new(++_lastReservation, slots, offer.FirstTokenMax is { } limit ? now + limit : null);
        _reservations[reservation.Id] = reservation;
        if (mustWait)
        {
            _waiting.Add(reservation);
            _queued += slots;
        }
        else
        {
            Run(now, reservation);
        }

        Changed();
        return new AdmissionDecision(mustWait ? AdmissionVerdict.Queue : AdmissionVerdict.Admit, reservation.Id);
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

        Grant(now);
        Changed();
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
        }

        Grant(now);
        Changed();
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
        if (Drop(AdmissionChangeKind.Expired, waiting => waiting.ExpiresAt <= now))
        {
            Grant(now);
            Changed();
        }
    }

    /// <summary>What happened to requests that wait.</summary>
    public bool TryTakeChange(out AdmissionChange change) => _changes.TryDequeue(out change);

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
    private TimeSpan Wait(int slots) => _service * (_queued + slots) / _policy.Slots;

    private uint RetryAfterMs(RefusalReason reason, int slots)
    {
        TimeSpan? wait = reason switch
        {
            // One place becomes free each time a slot does.
            RefusalReason.QueueFull => _service * slots / _policy.Slots,
            RefusalReason.DeadlineUnreachable => Wait(slots),
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

    private void Grant(Instant now)
    {
        while (_waiting.Count > 0 && _waiting[0].Slots <= _slotsFree)
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

    private void Changed()
    {
        Version++;
        AssertInvariants();
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
        Debug.Assert(_waiting.Count == 0 || _waiting[0].Slots > _slotsFree, "nobody waits while its slots are free");
        Debug.Assert(_state == ServingState.Serving || _waiting.Count == 0, "nothing waits on a node that doesn't serve");
    }

    private sealed class Reservation(long id, int slots, Instant? expiresAt)
    {
        public long Id { get; } = id;

        public int Slots { get; } = slots;

        /// <summary>When it is dropped if it still waits; null: it waits for as long as it takes.</summary>
        public Instant? ExpiresAt { get; } = expiresAt;

        /// <summary>Set when it gets its slots; null while it waits.</summary>
        public Instant? RunningSince { get; set; }
    }
}
