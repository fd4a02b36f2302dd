using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Dispatch;

/// <summary>One request's life on the gateway's side, from choosing a node to its last token.</summary>
/// <remarks>
/// Inputs are <see cref="Start"/> and <c>On*</c>, each answered by what to do next; after each, drain
/// <see cref="TryTakeNote"/> into the <see cref="RouteBook"/> and arm one timer for <see cref="Deadline"/>.
/// <code>
/// Choosing           -> [a route is found]               -> Offering            the node learns sizes only
/// Choosing           -> [no route, or a limit is spent]  -> Ended               the client learns the likeliest cause
/// Offering           -> [accepted]                       -> AwaitingFirstToken  now the node gets the prompt
/// Offering           -> [refused|unreachable|fault|timeout] -> Choosing         no prompt was exposed: try the next
/// AwaitingFirstToken -> [progress]                       -> AwaitingFirstToken  the node lives
/// AwaitingFirstToken -> [token]                          -> Streaming           from here on the client has seen output
/// AwaitingFirstToken -> [end]                            -> Ended               an answer may be empty
/// AwaitingFirstToken -> [fault|silence]                  -> Choosing            the client never learns of it
/// AwaitingFirstToken -> [the client's own fault]         -> Ended               another node would say the same
/// Streaming          -> [token|progress]                 -> Streaming
/// Streaming          -> [end]                            -> Ended
/// Streaming          -> [fault|silence; the answer is known whole] -> Choosing  another node goes on behind what was told
/// Streaming          -> [fault|silence; otherwise]       -> Ended               tokens are out: never repeat in silence
/// AwaitingFirstToken, Streaming -> [draining; another node can take it] -> Choosing   before the node is gone
/// Choosing           -> [broken off; every node that could go on is busy or out] -> Stranded   they may come back
/// Stranded           -> [a rest later]                   -> Choosing
/// any but Ended      -> [cancelled]                      -> Ended               the client left
/// any before Streaming -> [the deadline of output]       -> Ended
/// </code>
/// An answer goes on only where its model, template and engine are the same: with the same tokens before it, such a node
/// draws the token that the first one would have drawn.</remarks>
public sealed class Dispatch
{
    private readonly RouteQuery _query;
    private readonly Transcript _told;
    private readonly DispatchPolicy _policy;
    private readonly Prng _prng;
    private readonly List<PeerId> _tried = [];
    private readonly Queue<RouteNote> _notes = [];
    private readonly AttemptFailures _failures = new();

    private DispatchState _state = DispatchState.Choosing;
    private bool _started;
    private PeerId _node;

    /// <summary>Nodes with a smaller context said that the prompt doesn't fit.</summary>
    private uint _contextTokensMin;

    /// <summary>When the client's patience for output ends; set by <see cref="Start"/> and when an answer breaks off.</summary>
    private Instant _outputBy;

    /// <summary>The fingerprint of the node at hand.</summary>
    private string _fingerprint = "";

    /// <summary>Why the answer broke off; null while it hasn't begun, and again once it goes on.</summary>
    private InferenceOutcome? _broken;

    /// <summary>Where the answer last broke off.</summary>
    private PeerId _brokenAt;

    /// <summary>When the node at hand must have said something.</summary>
    private Instant _nodeBy;

    private Instant _acceptedAt;
    private Instant _firstTokenAt;

    /// <param name="told">Empty; this class notes in it what the client is told.</param>
    public Dispatch(RouteQuery query, Transcript told, DispatchPolicy policy, Prng prng)
    {
        ArgumentNullException.ThrowIfNull(told);
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentOutOfRangeException.ThrowIfLessThan(policy.OffersMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(policy.PromptsMax, 1);
        (_query, _told, _policy, _prng, _contextTokensMin) = (query, told, policy, prng, query.ContextTokensMin);
    }

    public DispatchState State => _state;

    /// <summary>How it ended; null while it runs.</summary>
    public InferenceOutcome? Outcome { get; private set; }

    /// <summary>When the client should ask again, if it failed and that is known.</summary>
    public TimeSpan? RetryAfter { get; private set; }

    /// <summary>How often another node went on with the answer.</summary>
    public int Resumptions { get; private set; }

    /// <summary>What a node must have in common with the one whose answer it goes on with; empty while none has begun one.</summary>
    public string Fingerprint => _broken is null ? "" : _fingerprint;

    /// <summary>When the client must have got output, or its continuation.</summary>
    public Instant OutputBy => _outputBy;

    /// <summary>Offers that were made of the request.</summary>
    public int Offers { get; private set; }

    /// <summary>Machines that were sent the prompt.</summary>
    public int Exposure { get; private set; }

    /// <summary>When <see cref="OnTimeout"/> is due; null once it has ended.</summary>
    public Instant? Deadline => _state switch
    {
        DispatchState.Ended => null,
        DispatchState.Streaming => _nodeBy,
        _ => _nodeBy < _outputBy ? _nodeBy : _outputBy,
    };

    /// <summary>Chooses the first node.</summary>
    public DispatchAction Start(Instant now, RouteTable routes)
    {
        if (_started)
        {
            throw new InvalidOperationException("A dispatch starts once.");
        }

        _started = true;
        _outputBy = now + _policy.FirstTokenMax;
        return Choose(now, routes, RouteNoteKind.Asked);
    }

    /// <summary>No stream to the node came about.</summary>
    public DispatchAction OnUnreachable(Instant now, RouteTable routes) =>
        _state == DispatchState.Offering ? Retry(now, routes, RouteNoteKind.Unreachable) : Ignored();

    /// <summary>The node takes the request.</summary>
    public DispatchAction OnAccepted(Instant now)
    {
        if (_state != DispatchState.Offering)
        {
            return Ignored();
        }

        Exposure++;
        _state = DispatchState.AwaitingFirstToken;
        _acceptedAt = now;
        _nodeBy = now + _policy.SilenceMax;
        AssertInvariants();
        return new DispatchAction(DispatchActionKind.SendPrompt);
    }

    /// <summary>The node doesn't take the request, and says when it might.</summary>
    public DispatchAction OnRefused(Instant now, RefusalReason reason, uint retryAfterMs, RouteTable routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        if (_state != DispatchState.Offering)
        {
            return Ignored();
        }

        if (reason == RefusalReason.ContextLengthExceeded)
        {
            NeedMoreThan(routes);
        }

        _failures.OnRefused(reason, retryAfterMs);
        Note(RouteNoteKind.Refused, reason);
        return Choose(now, routes, RouteNoteKind.Rerouted);
    }

    /// <summary>The node works on the prompt.</summary>
    public DispatchAction OnProgress(Instant now)
    {
        if (!HoldsPrompt)
        {
            return Ignored();
        }

        _nodeBy = now + _policy.SilenceMax;
        return new DispatchAction(DispatchActionKind.Deliver);
    }

    /// <summary>Tokens of the answer came.</summary>
    public DispatchAction OnDelta(Instant now, TokenDelta delta)
    {
        if (!HoldsPrompt)
        {
            return Ignored();
        }

        _told.OnDelta(delta);
        return Deliver(now);
    }

    /// <summary>A vector or a piece of a transcript came.</summary>
    public DispatchAction OnResult(Instant now) => HoldsPrompt ? Deliver(now) : Ignored();

    /// <summary>One choice of the answer ended.</summary>
    public DispatchAction OnChoiceEnd(Instant now, ChoiceEnd end)
    {
        if (!HoldsPrompt)
        {
            return Ignored();
        }

        _told.OnChoiceEnd(end);
        return Deliver(now);
    }

    /// <summary>The node says that it is done, for better or worse.</summary>
    public DispatchAction OnEnd(Instant now, InferenceFault fault, Usage? usage, RouteTable routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        if (!HoldsPrompt)
        {
            return Ignored();
        }

        switch (fault)
        {
            case InferenceFault.None:
                Note(RouteNoteKind.Served, speed: SpeedOf(now, usage));
                End(InferenceOutcome.Completed);
                return new DispatchAction(DispatchActionKind.Complete);
            case InferenceFault.InvalidRequest when _broken is null:
                Note(RouteNoteKind.Abandoned);
                return Fail(InferenceOutcome.InvalidRequest);
            case InferenceFault.ContextLengthExceeded:
                NeedMoreThan(routes);
                return Retry(now, routes, RouteNoteKind.Abandoned, InferenceOutcome.ContextLengthExceeded);
            case InferenceFault.Drained:
                return Retry(now, routes, RouteNoteKind.Drained);
            default:
                return Retry(now, routes, RouteNoteKind.EngineFailed);
        }
    }

    /// <summary>The node is about to leave: another one takes over now if there is one, otherwise this one has its time.</summary>
    public DispatchAction OnDraining(Instant now, RouteTable routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        bool canMove = HoldsPrompt
            && (_state != DispatchState.Streaming || CanResume)
            && Exposure < _policy.PromptsMax
            && _tried.Count < _policy.OffersMax
            && Find(now, routes, QueryFor(_state == DispatchState.Streaming || _broken is not null)) is not null;
        return canMove ? Retry(now, routes, RouteNoteKind.Drained) : Ignored();
    }

    /// <summary>The session or the stream broke.</summary>
    public DispatchAction OnLost(Instant now, RouteTable routes) =>
        _state == DispatchState.Offering ? Retry(now, routes, RouteNoteKind.Unreachable)
        : HoldsPrompt ? Retry(now, routes, RouteNoteKind.Lost)
        : Ignored();

    /// <summary>The node's session is silent although it was asked: it may come back, but the client should not wait for that.</summary>
    public DispatchAction OnSuspected(Instant now, RouteTable routes) => OnLost(now, routes);

    /// <summary>The node sent what it may not send.</summary>
    public DispatchAction OnViolation(Instant now, RouteTable routes) =>
        _state == DispatchState.Offering || HoldsPrompt ? Retry(now, routes, RouteNoteKind.Violated) : Ignored();

    /// <summary>The driver turns to the node again after its client kept it waiting: silence counts from now.</summary>
    /// <remarks>A slow client must not make a node look dead whose messages lie unread.</remarks>
    public void OnReading(Instant now)
    {
        if (_state == DispatchState.Streaming)
        {
            _nodeBy = now + _policy.SilenceMax;
        }
    }

    /// <summary>The node took a part of what it is sent: it lives, and its silence counts from now.</summary>
    public void OnSent(Instant now)
    {
        if (HoldsPrompt)
        {
            _nodeBy = now + _policy.SilenceMax;
        }
    }

    /// <summary>Time has passed; harmless when it is early.</summary>
    public DispatchAction OnTimeout(Instant now, RouteTable routes)
    {
        if (Deadline is not { } due || now < due)
        {
            return new DispatchAction(DispatchActionKind.Wait);
        }

        if (_state == DispatchState.Stranded)
        {
            return Choose(now, routes, RouteNoteKind.Resumed);
        }

        bool patienceEnded = _state != DispatchState.Streaming && now >= _outputBy;
        RouteNoteKind kind = _state == DispatchState.Offering ? RouteNoteKind.Unreachable : RouteNoteKind.Wedged;
        if (patienceEnded)
        {
            // A node that spoke until now is merely slow.
            Note(now >= _nodeBy ? kind : RouteNoteKind.Abandoned);
            return Fail(_broken ?? InferenceOutcome.DeadlineExceeded);
        }

        return Retry(now, routes, kind);
    }

    /// <summary>The client left; harmless after the end.</summary>
    public void OnCancelled()
    {
        if (_state is DispatchState.Offering || HoldsPrompt)
        {
            Note(RouteNoteKind.Abandoned);
        }

        if (_state != DispatchState.Ended)
        {
            End(InferenceOutcome.ClientGone);
        }
    }

    /// <summary>What the routes should learn from this request.</summary>
    public bool TryTakeNote(out RouteNote note) => _notes.TryDequeue(out note);

    /// <summary>Whether a node of the same fingerprint could go on behind what was told.</summary>
    private bool CanResume => _fingerprint.Length > 0 && _told.IsWhole;

    private bool HoldsPrompt => _state is DispatchState.AwaitingFirstToken or DispatchState.Streaming;

    private DispatchAction Deliver(Instant now)
    {
        if (_state == DispatchState.AwaitingFirstToken)
        {
            Resumptions += _broken is null ? 0 : 1;
            _broken = null;
            _state = DispatchState.Streaming;
            _firstTokenAt = now;
        }

        _nodeBy = now + _policy.SilenceMax;
        AssertInvariants();
        return new DispatchAction(DispatchActionKind.Deliver);
    }

    /// <summary>The attempt failed as <paramref name="kind"/>: choose another node, unless the client has seen output that none can go on with.</summary>
    private DispatchAction Retry(
        Instant now, RouteTable routes, RouteNoteKind kind, InferenceOutcome? outcome = null)
    {
        ArgumentNullException.ThrowIfNull(routes);
        InferenceOutcome failure = outcome ?? kind switch
        {
            RouteNoteKind.EngineFailed => InferenceOutcome.EngineFailed,
            RouteNoteKind.Violated => InferenceOutcome.ProtocolViolation,
            RouteNoteKind.Unreachable => InferenceOutcome.NoNodeReachable,
            _ => InferenceOutcome.PeerLost,
        };
        Note(kind);
        if (_state == DispatchState.Streaming)
        {
            if (!CanResume)
            {
                return Fail(failure);
            }

            (_broken, _brokenAt, _outputBy) = (failure, _node, now + _policy.ResumeMax);
        }

        _failures.OnFailed(failure);
        RouteNoteKind next = _broken is not null ? RouteNoteKind.Resumed
            : kind == RouteNoteKind.Drained ? RouteNoteKind.Rerouted
            : RouteNoteKind.Retried;
        return Choose(now, routes, next);
    }

    private DispatchAction Choose(Instant now, RouteTable routes, RouteNoteKind kind)
    {
        ArgumentNullException.ThrowIfNull(routes);
        Debug.Assert(
            _state != DispatchState.Ended && (_state != DispatchState.Streaming || _broken is not null),
            "no choice once output is out, unless it breaks off");
        _state = DispatchState.Choosing;
        if (now >= _outputBy)
        {
            return Fail(_broken ?? InferenceOutcome.DeadlineExceeded);
        }

        RouteQuery query = QueryFor(_broken is not null);
        bool spent = _tried.Count >= _policy.OffersMax
            || Exposure >= _policy.PromptsMax
            || (kind == RouteNoteKind.Retried && routes.RetriesLeft == 0);
        Route? route = spent ? null : Find(now, routes, query);
        if (route is null && _broken is { } broken)
        {
            return Exposure < _policy.PromptsMax && MayComeBack(routes, query) ? Strand(now) : Fail(broken);
        }

        if (route is null)
        {
            (InferenceOutcome outcome, RetryAfter) = _failures.Verdict ?? NoRoute.Why(routes, query, now);
            return Fail(outcome);
        }

        _node = route.Node;
        _fingerprint = route.Fingerprint;
        _tried.Add(_node);
        Offers++;
        _state = DispatchState.Offering;
        _nodeBy = now + _policy.OfferMax;
        Note(kind);
        AssertInvariants();
        return new DispatchAction(DispatchActionKind.Offer, _node);
    }

    private RouteQuery QueryFor(bool resumes) =>
        _query with { ContextTokensMin = _contextTokensMin, Fingerprint = resumes ? _fingerprint : "" };

    private Route? Find(Instant now, RouteTable routes, in RouteQuery query) =>
        Router.Pick(routes, query, CollectionsMarshal.AsSpan(_tried), now, _prng);

    /// <summary>Whether any node but the one that failed could go on if it were neither busy nor out.</summary>
    private bool MayComeBack(RouteTable routes, in RouteQuery query)
    {
        foreach (Route route in routes.RoutesOf(query.Model))
        {
            if (route.Node != _brokenAt && query.Fits(route))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Half an answer is worth waiting for its other half: nodes that refused are asked again after a rest.</summary>
    private DispatchAction Strand(Instant now)
    {
        _state = DispatchState.Stranded;
        _nodeBy = now + _policy.StrandedRest;
        _tried.Clear();
        AssertInvariants();
        return new DispatchAction(DispatchActionKind.Rest);
    }

    private DispatchAction Fail(InferenceOutcome outcome)
    {
        End(outcome);
        return new DispatchAction(DispatchActionKind.Fail);
    }

    private void End(InferenceOutcome outcome)
    {
        Debug.Assert(_state != DispatchState.Ended, "a request ends once");
        _state = DispatchState.Ended;
        Outcome = outcome;
        AssertInvariants();
    }

    private void NeedMoreThan(RouteTable routes)
    {
        uint context = routes.Find(_query.Model, _node)?.ContextTokens ?? 0;
        _contextTokensMin = Math.Max(_contextTokensMin, Math.Min(context, uint.MaxValue - 1) + 1);
    }

    /// <summary>What was seen of the node's speed; a few tokens tell more of the network than of the node.</summary>
    /// <remarks>Of an answer that moved, no node did what its usage says.</remarks>
    private RouteSpeed SpeedOf(Instant now, Usage? usage)
    {
        const uint TokensMin = 8;
        if (usage is null || _state != DispatchState.Streaming || Resumptions > 0)
        {
            return default;
        }

        uint prompt = usage.PromptTokens - Math.Min(usage.PromptTokens, usage.CachedPromptTokens);
        return new RouteSpeed(
            Rate(prompt, _firstTokenAt - _acceptedAt), Rate(usage.CompletionTokens, now - _firstTokenAt));

        static double Rate(uint tokens, TimeSpan time) =>
            tokens < TokensMin || time <= TimeSpan.Zero ? 0 : tokens / time.TotalSeconds;
    }

    /// <summary>A message that doesn't fit the state: the reader of messages has judged it already, so it is late, not wrong.</summary>
    private static DispatchAction Ignored() => new(DispatchActionKind.Wait);

    private void Note(RouteNoteKind kind, RefusalReason refusal = default, RouteSpeed speed = default) =>
        _notes.Enqueue(new RouteNote(kind, _node, _query.Model, refusal, speed));

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_state == DispatchState.Ended == Outcome is not null, "an outcome is known exactly at the end");
        Debug.Assert(_tried.Count <= _policy.OffersMax, "no more offers in a row than the policy allows");
        Debug.Assert(Exposure <= _policy.PromptsMax, "no more machines see the prompt than the policy allows");
        Debug.Assert(_state != DispatchState.Stranded || _broken is not null, "only an answer that broke off waits for a node");
        Debug.Assert(Exposure <= Offers, "only nodes that were offered the request see its prompt");
    }
}
