using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Diagnostics;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Routing;

/// <summary>What <see cref="RouteBook"/> remembers of one node.</summary>
internal sealed class RouteBookNode(NodeCard card)
{
    private readonly SortedDictionary<string, RouteSpeed> _speeds = new(StringComparer.Ordinal);

    /// <summary>Slots that the node keeps for this peer, in the order of their ends.</summary>
    private readonly List<HeldLease> _leases = [];

    private NodeCard _card = card;
    private bool _isConnected;
    private ServingState _state = ServingState.Serving;
    private NodeLoad? _load;
    private Instant _loadAt;
    private TimeSpan _smoothedRtt;
    private int _inFlightReported;
    private Instant? _outUntil;

    /// <summary>The rest is for want of a session, so a session ends it.</summary>
    private bool _outForWantOfSession;

    /// <summary>Failures since the node last served.</summary>
    private int _failures;

    public int InFlight { get; private set; }

    public bool HoldsLeases => _leases.Count > 0;

    public ImmutableArray<NodeModel> Models => _card.Models;

    public Route RouteOf(NodeModel model) => new()
    {
        Node = _card.Node,
        Model = model.Id,
        ContextTokens = model.ContextTokens,
        Fingerprint = model.Fingerprint,
        Capabilities = model.Capabilities,
        IsConnected = _isConnected,
        State = _state,
        Load = _load,
        LoadAt = _loadAt,
        Observed = _speeds.GetValueOrDefault(model.Id),
        SmoothedRtt = _smoothedRtt,
        InFlight = InFlight,
        InFlightReported = _inFlightReported,
        LeasedUntil = _leases.Count == 0 ? null : _leases[^1].Until,
        OutUntil = _outUntil,
    };

    public void OnCard(NodeCard card) => _card = card;

    public void OnConnected(TimeSpan smoothedRtt)
    {
        _isConnected = true;
        _smoothedRtt = smoothedRtt;
        // Another process may have the node's key now, and its sequence starts anew.
        _load = null;
        _state = ServingState.Serving;
        _outUntil = _outForWantOfSession ? null : _outUntil;
    }

    public void OnDisconnected()
    {
        _isConnected = false;
        _load = null;
        _leases.Clear();
        _state = ServingState.Serving;
    }

    public void OnLoad(Instant now, in NodeLoad load, TimeSpan smoothedRtt)
    {
        if (_load is { } last && load.Sequence <= last.Sequence)
        {
            return;
        }

        _load = load;
        _loadAt = now;
        _state = load.State;
        _smoothedRtt = smoothedRtt;
        _inFlightReported = InFlight;
    }

    /// <summary>The node keeps a slot for this peer.</summary>
    public void OnLease(Instant now, in NodeLease lease)
    {
        // The offer that spends it has to be there in time.
        Instant until = now + lease.Time - _smoothedRtt;
        ulong id = lease.Id;
        _ = _leases.RemoveAll(held => held.Until <= now);
        if (_isConnected && until > now && _leases.Count < RouteBook.LeasesPerNodeMax && !_leases.Exists(held => held.Id == id))
        {
            int place = _leases.FindIndex(held => held.Until > until);
            _leases.Insert(place < 0 ? _leases.Count : place, new HeldLease(id, until));
        }
    }

    /// <summary>Takes out up to so many leases, those first that end first.</summary>
    public ImmutableArray<ulong> TakeLeases(Instant now, int count)
    {
        _ = _leases.RemoveAll(held => held.Until <= now);
        count = Math.Min(count, _leases.Count);
        ImmutableArray<ulong> taken = [.. _leases.GetRange(0, count).ConvertAll(static held => held.Id)];
        _leases.RemoveRange(0, count);
        return taken;
    }

    public void OnUnreachable(Instant now) => Rest(now, forWantOfSession: !_isConnected);

    public void OnNote(Instant now, in RouteNote note)
    {
        if (note.Kind is RouteNoteKind.Asked or RouteNoteKind.Rerouted or RouteNoteKind.Retried or RouteNoteKind.Resumed)
        {
            InFlight++;
            return;
        }

        // A node that left the directory and came back is a new entry: notes of attempts from before its return find none.
        InFlight = Math.Max(0, InFlight - 1);
        _inFlightReported = Math.Min(_inFlightReported, InFlight);
        switch (note.Kind)
        {
            case RouteNoteKind.Served:
                _failures = 0;
                _speeds[note.Model] = _speeds.GetValueOrDefault(note.Model).With(note.Speed);
                break;
            case RouteNoteKind.Refused:
                OnRefused(now, note.Refusal);
                break;
            case RouteNoteKind.Drained:
                _state = ServingState.Draining;
                break;
            case RouteNoteKind.Unreachable:
                OnUnreachable(now);
                break;
            case RouteNoteKind.Wedged or RouteNoteKind.Lost or RouteNoteKind.EngineFailed:
                Rest(now, forWantOfSession: false);
                break;
            case RouteNoteKind.Violated:
                RestLongest(now);
                break;
        }
    }

    private void OnRefused(Instant now, RefusalReason reason)
    {
        if (reason is not (RefusalReason.ContextLengthExceeded or RefusalReason.Unsupported))
        {
            // A node that has no slot for this request keeps none, whatever it said.
            _leases.Clear();
        }

        switch (reason)
        {
            case RefusalReason.Draining:
                _state = ServingState.Draining;
                break;
            case RefusalReason.OwnerActive:
                _state = ServingState.Paused;
                break;
            case RefusalReason.ModelNotServed:
                // Its card lies or is old; the next card may be true.
                RestLongest(now);
                break;
        }
    }

    private void RestLongest(Instant now) => (_outUntil, _outForWantOfSession) = (now + RouteBook.RestMax, false);

    private void Rest(Instant now, bool forWantOfSession)
    {
        if (_outUntil is { } until && now < until)
        {
            // Many requests fail at once when a node does: together they are one failure.
            return;
        }

        Debug.Assert(_failures >= 0, "failures are counted from the last success");
        TimeSpan rest = RouteBook.RestMin * (1 << Math.Min(_failures, 5));
        _outUntil = now + (rest < RouteBook.RestMax ? rest : RouteBook.RestMax);
        _outForWantOfSession = forWantOfSession;
        _failures = Math.Min(_failures + 1, 32);
    }

    private readonly record struct HeldLease(ulong Id, Instant Until);
}
