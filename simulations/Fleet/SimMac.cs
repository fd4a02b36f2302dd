using System;
using System.Collections.Generic;
using System.Diagnostics;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Simulations.Fleet;

/// <summary>A Mac: the node's own <see cref="Admission"/>, and a modelled engine and owner.</summary>
/// <remarks><code>
/// Up      -> [its owner wants it, with notice] -> Leaving   running answers get a while; gateways are told
/// Up      -> [it vanishes]                     -> Down
/// Leaving -> [nothing runs, or the while is over] -> Down   gateways are told
/// Down    -> [it is idle again]                -> Up
/// </code></remarks>
internal sealed class SimMac
{
    private static readonly TimeSpan _progress = TimeSpan.FromMilliseconds(InferenceLimits.ProgressMsMax);

    private readonly FleetWorld _world;
    private readonly AdmissionPolicy _policy;
    private readonly TimeSpan _drain;
    private readonly SortedDictionary<(int Request, int Attempt), Serving> _serving = [];
    private readonly SortedDictionary<long, Serving> _byReservation = [];
    private Admission _admission;
    private EngineModel _engine;
    private ulong _reported;
    private long _life;
    private double _busyBefore;
    private Instant? _engineDue;
    private Instant? _queueDue;

    public SimMac(FleetWorld world, int actor, MacClass kind, NodeCard card, TimeSpan rtt, FleetScenario scenario)
    {
        (_world, Actor, Kind, Card, Rtt) = (world, actor, kind, card, rtt);
        _drain = TimeSpan.FromSeconds(scenario.Owners.DrainSeconds);
        _policy = new AdmissionPolicy
        {
            Model = FleetWorld.Model,
            Fingerprint = FleetWorld.Fingerprint,
            Slots = scenario.Fleet.Slots,
            QueueMax = scenario.Fleet.QueueMax,
        };
        _admission = new Admission(_policy);
        _engine = new EngineModel(kind);
    }

    public int Actor { get; }

    public MacClass Kind { get; }

    public NodeCard Card { get; }

    /// <summary>To any gateway and back.</summary>
    public TimeSpan Rtt { get; }

    public MacState State { get; private set; } = MacState.Down;

    /// <summary>Seconds of slots in use, over all lives.</summary>
    public double BusySeconds => _busyBefore + _engine.BusySeconds;

    private Instant Now => _world.Agenda.Now;

    public NodeLoad CurrentLoad() => _admission.Report();

    public void Rise()
    {
        Debug.Assert(State == MacState.Down, "only what is down rises");
        _life++;
        State = MacState.Up;
        _busyBefore += _engine.BusySeconds;
        (_admission, _engine, _reported) = (new Admission(_policy), new EngineModel(Kind), 0);
        _admission.OnSpeed((float)Math.Min(Kind.PrefillTokensPerSecond, NodeLoad.TokensPerSecondMax), (float)Kind.DecodeTokensPerSecond);
        _world.OnRisen(this);
        Report();
    }

    /// <summary>The owner wants the Mac back; it may say goodbye.</summary>
    public void Leave()
    {
        if (State != MacState.Up)
        {
            return;
        }

        State = MacState.Leaving;
        _admission.OnState(Now, ServingState.Draining);
        OnAdmission();
        foreach (Serving serving in _serving.Values)
        {
            Answer(serving.Request, serving.Attempt, new NodeResponse { Draining = new Draining() });
        }

        long life = _life;
        _world.Agenda.Schedule(Now + _drain, Actor, Actor, () => LeaveNow(life));
        if (_serving.Count == 0)
        {
            LeaveNow(life);
        }
    }

    /// <summary>The Mac vanishes without a word.</summary>
    public void Crash()
    {
        if (State == MacState.Down)
        {
            return;
        }

        Fall();
        _world.OnVanished(this);
    }

    public void OnOffer(SimRequest request, int attempt, in OfferTerms terms)
    {
        if (State == MacState.Down)
        {
            _world.OnSilence(this, request, attempt);
            return;
        }

        AdmissionDecision decision = _admission.OnOffer(Now, terms);
        if (decision.Verdict == AdmissionVerdict.Refuse)
        {
            Answer(request, attempt, new NodeResponse
            {
                Refused = new Refused { Reason = decision.Reason, RetryAfterMs = decision.RetryAfterMs, Load = Load() },
            });
            return;
        }

        Serving serving = new(request, attempt, decision.Reservation) { IsGranted = decision.Verdict == AdmissionVerdict.Admit };
        _serving[(request.Id, attempt)] = serving;
        _byReservation[decision.Reservation] = serving;
        Answer(request, attempt, new NodeResponse { Accepted = new Accepted { Load = Load() } });
        OnAdmission();
    }

    public void OnPrompt(SimRequest request, int attempt, int told)
    {
        if (_serving.TryGetValue((request.Id, attempt), out Serving? serving))
        {
            serving.Job = new EngineJob(request.PromptTokens, _world.Lengths.Of(request.Id), told);
            Run(serving);
            VouchLater(serving);
        }
    }

    public void OnCancel(int request, int attempt)
    {
        if (_serving.TryGetValue((request, attempt), out Serving? serving))
        {
            End(serving);
        }
    }

    private void Run(Serving serving)
    {
        if (serving is { IsGranted: true, Job: { } job, Runs: false })
        {
            serving.Runs = true;
            _engine.Add(Now, job);
            ArmEngine();
        }
    }

    /// <summary>Before its first token a request that waits or is read shows that the Mac lives.</summary>
    private void VouchLater(Serving serving) => _world.Agenda.Schedule(Now + _progress, Actor, Actor, () =>
    {
        if (serving.Job is { } job && job.Told == job.ToldBefore
            && _serving.TryGetValue((serving.Request.Id, serving.Attempt), out Serving? current) && current == serving)
        {
            Answer(serving.Request, serving.Attempt, new NodeResponse { Prefill = new PrefillProgress() });
            VouchLater(serving);
        }
    });

    private void OnEngine(long life)
    {
        if (life != _life || State == MacState.Down || _engineDue is not { } due || due > Now)
        {
            return;
        }

        _engineDue = null;
        _engine.Advance(Now);
        List<Serving> done = [];
        foreach (Serving serving in _serving.Values)
        {
            if (serving is { Runs: true, Job: { } job } && _engine.HasPiece(job))
            {
                Send(serving, job);
                if (EngineModel.IsDone(job))
                {
                    done.Add(serving);
                }
            }
        }

        foreach (Serving serving in done)
        {
            Finish(serving);
        }

        ArmEngine();
    }

    private void Send(Serving serving, EngineJob job)
    {
        int from = job.Told;
        int tokens = EngineModel.Take(job);
        if (tokens == 0)
        {
            return;
        }

        TokenDelta delta = new() { Offset = (uint)from };
        for (int i = 0; i < tokens; i++)
        {
            delta.TokenIds.Add(Chances.TokenOf((ulong)serving.Request.Id, from + i));
        }

        Answer(serving.Request, serving.Attempt, new NodeResponse { Delta = delta });
    }

    private void Finish(Serving serving)
    {
        EngineJob job = serving.Job!;
        Answer(serving.Request, serving.Attempt, new NodeResponse { ChoiceEnd = new ChoiceEnd { Reason = FinishReason.Stop } });
        Usage usage = new() { PromptTokens = (uint)job.PromptTokens, CompletionTokens = (uint)job.OutputTokens };
        Answer(serving.Request, serving.Attempt, new NodeResponse { End = new GenerationEnd { Usage = usage, Fingerprint = FleetWorld.Fingerprint } });
        End(serving);
    }

    /// <summary>Frees what a request held.</summary>
    private void End(Serving serving)
    {
        _ = _serving.Remove((serving.Request.Id, serving.Attempt));
        _ = _byReservation.Remove(serving.Reservation);
        if (serving is { Runs: true, Job: { } job })
        {
            _engine.Remove(Now, job);
            ArmEngine();
        }

        _admission.OnReleased(Now, serving.Reservation);
        OnAdmission();
        if (State == MacState.Leaving && _serving.Count == 0)
        {
            LeaveNow(_life);
        }
    }

    private void LeaveNow(long life)
    {
        if (State != MacState.Leaving || life != _life)
        {
            return;
        }

        foreach (Serving serving in _serving.Values)
        {
            Drained(serving);
        }

        Fall();
        _world.OnLeft(this);
    }

    private void Drained(Serving serving) =>
        Answer(serving.Request, serving.Attempt, new NodeResponse { End = new GenerationEnd { Fault = InferenceFault.Drained } });

    private void Fall()
    {
        _engine.Advance(Now);
        _engine.Clear();
        State = MacState.Down;
        _serving.Clear();
        _byReservation.Clear();
        (_engineDue, _queueDue) = (null, null);
    }

    /// <summary>Carries out what the admission decided, and tells the gateways its load.</summary>
    private void OnAdmission()
    {
        while (_admission.TryTakeChange(out AdmissionChange change))
        {
            if (!_byReservation.TryGetValue(change.Reservation, out Serving? serving))
            {
                continue;
            }

            if (change.Kind == AdmissionChangeKind.Granted)
            {
                serving.IsGranted = true;
                Run(serving);
            }
            else
            {
                Drained(serving);
                _ = _serving.Remove((serving.Request.Id, serving.Attempt));
                _ = _byReservation.Remove(serving.Reservation);
            }
        }

        if (_admission.NextTimeout is { } next && _queueDue != next)
        {
            _queueDue = next;
            long life = _life;
            _world.Agenda.Schedule(next < Now ? Now : next, Actor, Actor, () => OnQueue(life));
        }

        Report();
    }

    private void OnQueue(long life)
    {
        if (life == _life && State != MacState.Down)
        {
            _queueDue = null;
            _admission.OnTimeout(Now);
            OnAdmission();
        }
    }

    private void Report()
    {
        if (_admission.Version != _reported || _reported == 0)
        {
            _reported = _admission.Version;
            _world.Broadcast(this, _admission.Report());
        }
    }

    private LoadReport Load() => _admission.Report().ToReport();

    private void Answer(SimRequest request, int attempt, NodeResponse response) => _world.Tell(this, request, attempt, response);

    private void ArmEngine()
    {
        if (_engine.Next is { } next && (_engineDue is not { } due || next < due || due < Now))
        {
            _engineDue = next;
            long life = _life;
            _world.Agenda.Schedule(next, Actor, Actor, () => OnEngine(life));
        }
    }

    private sealed class Serving(SimRequest request, int attempt, long reservation)
    {
        public SimRequest Request { get; } = request;

        public int Attempt { get; } = attempt;

        public long Reservation { get; } = reservation;

        public bool IsGranted { get; set; }

        public bool Runs { get; set; }

        /// <summary>Null until the prompt came.</summary>
        public EngineJob? Job { get; set; }
    }
}

/// <summary>Where a <see cref="SimMac"/> stands; the arrows are there.</summary>
internal enum MacState
{
    Down,
    Up,
    Leaving,
}
