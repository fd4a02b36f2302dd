using System;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Simulations.Fleet;

/// <summary>One client's request at a gateway: drives the gateway's own <see cref="Dispatch"/> as its shell does.</summary>
/// <remarks>How long the answer will be, nobody here knows.</remarks>
internal sealed class SimRequest
{
    /// <summary>What a gateway expects before it has seen an answer.</summary>
    private const uint OutputTokensExpected = 256;
    private const uint OutputTokensMax = 1_000_000;
    private const uint BytesPerToken = 4;

    private readonly FleetWorld _world;
    private readonly SimGateway _gateway;
    private readonly OfferTerms _terms;
    private readonly Transcript _told;
    private readonly Dispatch _dispatch;
    private readonly Instant _arrivedAt;
    private ResponseReader _reader;
    private SimMac? _node;
    private int _attempt;
    private Instant? _timerDue;
    private Instant? _firstTokenAt;
    private Instant _lastTokenAt;
    private TimeSpan _longestGap;
    private int _delivered;

    public SimRequest(FleetWorld world, SimGateway gateway, int id, int promptTokens, DispatchPolicy policy, Prng prng)
    {
        (_world, _gateway, Id, PromptTokens, _arrivedAt) = (world, gateway, id, promptTokens, world.Agenda.Now);
        _terms = new OfferTerms
        {
            RequestId = (UInt128)id,
            Model = FleetWorld.Model,
            PromptBytes = (uint)promptTokens * BytesPerToken,
            OutputTokensMax = OutputTokensMax,
            Choices = 1,
            FirstTokenMax = policy.FirstTokenMax,
        };
        _told = new Transcript(_terms);
        _reader = new ResponseReader(_terms);
        _dispatch = new Dispatch(new RouteQuery(FleetWorld.Model, (uint)promptTokens, OutputTokensExpected), _told, policy, prng);
    }

    public int Id { get; }

    public int PromptTokens { get; }

    public SimGateway Gateway => _gateway;

    /// <summary>The node at hand; null when there is none.</summary>
    public SimMac? Node => _node;

    /// <summary>Grows with each offer: messages of an earlier one are told apart by it.</summary>
    public int Attempt => _attempt;

    public bool HasEnded => _dispatch.State == DispatchState.Ended;

    private Instant Now => _world.Agenda.Now;

    private RouteTable Routes => _gateway.Routes;

    public void Start() => Do(_dispatch.Start(Now, Routes));

    /// <summary>A message of a node came; one of an earlier attempt is dropped.</summary>
    public void OnResponse(int attempt, NodeResponse response)
    {
        if (attempt != _attempt || HasEnded)
        {
            _world.Checks.OnFenced();
            return;
        }

        if (_reader.Read(response) != ResponseViolation.None)
        {
            _world.Checks.Violated(Id, $"a node's message broke the protocol: {response.BodyCase}");
            Do(_dispatch.OnViolation(Now, Routes));
            return;
        }

        switch (response.BodyCase)
        {
            case NodeResponse.BodyOneofCase.Accepted:
                _gateway.OnLoad(_node!, response.Accepted.Load);
                Do(_dispatch.OnAccepted(Now));
                break;
            case NodeResponse.BodyOneofCase.Refused:
                _gateway.OnLoad(_node!, response.Refused.Load);
                Do(_dispatch.OnRefused(Now, response.Refused.Reason, response.Refused.RetryAfterMs, Routes));
                break;
            case NodeResponse.BodyOneofCase.Delta:
                OnDelta(response.Delta);
                break;
            case NodeResponse.BodyOneofCase.Prefill:
                Do(_dispatch.OnProgress(Now));
                break;
            case NodeResponse.BodyOneofCase.Draining:
                Do(_dispatch.OnDraining(Now, Routes));
                break;
            case NodeResponse.BodyOneofCase.ChoiceEnd:
                Do(_dispatch.OnChoiceEnd(Now, response.ChoiceEnd));
                break;
            default:
                Do(_dispatch.OnEnd(Now, response.End.Fault, response.End.Usage, Routes));
                break;
        }
    }

    /// <summary>The session with the node at hand is silent.</summary>
    public void OnSuspected(int attempt)
    {
        if (attempt == _attempt && !HasEnded)
        {
            Do(_dispatch.OnSuspected(Now, Routes));
        }
    }

    public void OnNodeLost() => Do(_dispatch.OnLost(Now, Routes));

    /// <summary>Its row; the outcome of one that hasn't ended is that its client is gone.</summary>
    public RequestRecord ToRecord() => new(
        Id,
        _gateway.Actor,
        Seconds(_arrivedAt - default(Instant)),
        _firstTokenAt is { } first ? Seconds(first - _arrivedAt) : null,
        Seconds(Now - _arrivedAt),
        Seconds(_longestGap),
        PromptTokens,
        _delivered,
        _dispatch.Outcome ?? InferenceOutcome.ClientGone,
        _dispatch.Offers,
        _dispatch.Exposure,
        _dispatch.Resumptions);

    /// <summary>In whole microseconds, so that a row reads back as it was written.</summary>
    private static double Seconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond / 1e6;

    private void OnDelta(TokenDelta delta)
    {
        DispatchAction action = _dispatch.OnDelta(Now, delta);
        if (action.Kind == DispatchActionKind.Deliver)
        {
            foreach (uint token in delta.TokenIds)
            {
                _world.Checks.OnToken(Id, _delivered++, token);
            }

            _longestGap = _firstTokenAt is not null && Now - _lastTokenAt > _longestGap ? Now - _lastTokenAt : _longestGap;
            _firstTokenAt ??= Now;
            _lastTokenAt = Now;
        }

        Do(action);
    }

    private void Do(DispatchAction action)
    {
        while (_dispatch.TryTakeNote(out RouteNote note))
        {
            _gateway.OnNote(note);
        }

        switch (action.Kind)
        {
            case DispatchActionKind.Offer:
                GiveUp();
                Offer(_world.MacOf(action.Target));
                break;
            case DispatchActionKind.Rest:
                GiveUp();
                break;
            case DispatchActionKind.SendPrompt:
                _world.SendPrompt(_gateway, _node!, this, _attempt, _told.TokensOf(0));
                break;
            case DispatchActionKind.Complete:
                _node = null;
                _gateway.OnEnded(this);
                break;
            case DispatchActionKind.Fail:
                GiveUp();
                _gateway.OnEnded(this);
                break;
        }

        Arm();
    }

    private void Offer(SimMac node)
    {
        _node = node;
        _attempt++;
        TimeSpan left = _dispatch.OutputBy - Now;
        OfferTerms terms = _terms with
        {
            FirstTokenMax = left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1),
            Attempt = (uint)_dispatch.Offers - 1,
            Fingerprint = _dispatch.Fingerprint,
        };
        _reader = _dispatch.Fingerprint.Length > 0 ? new ResponseReader(terms, _told) : new ResponseReader(terms);
        _world.SendOffer(_gateway, node, this, _attempt, terms);
    }

    private void GiveUp()
    {
        if (_node is { } node)
        {
            _world.SendCancel(_gateway, node, Id, _attempt);
            _node = null;
        }
    }

    /// <summary>One event at a time waits for the deadline; it moves on when the deadline has.</summary>
    private void Arm()
    {
        if (_dispatch.Deadline is { } deadline && (_timerDue is not { } due || deadline < due))
        {
            _timerDue = deadline;
            _world.Agenda.Schedule(deadline < Now ? Now : deadline, _gateway.Actor, _gateway.Actor, OnTimer);
        }
    }

    private void OnTimer()
    {
        if (_timerDue is not { } due || due > Now)
        {
            return;
        }

        _timerDue = null;
        Do(_dispatch.OnTimeout(Now, Routes));
    }
}
