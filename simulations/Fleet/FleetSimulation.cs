using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Simulations.Fleet;

/// <summary>One run of a scenario with one seed: the decisions that ship, under virtual time.</summary>
/// <remarks>
/// Fidelity "decisions": <see cref="Dispatch"/>, <see cref="Router"/>, <see cref="RouteBook"/>, <see cref="Admission"/>,
/// <see cref="Transcript"/> and <see cref="ResponseReader"/> are the production code; packets and cryptography are not
/// played, a message takes half a round trip.
/// </remarks>
public sealed class FleetSimulation
{
    public const string Fidelity = "decisions";

    /// <summary>Answers under way when the clients stop asking may end within this.</summary>
    private static readonly TimeSpan SettleMax = TimeSpan.FromMinutes(30);

    private static readonly TimeSpan SampleInterval = TimeSpan.FromSeconds(10);

    private readonly FleetScenario _scenario;
    private readonly FleetWorld _world;
    private readonly Prng _arrivals;
    private readonly Prng _promptLengths;
    private readonly Prng _faults;
    private readonly SimMac[] _macs;
    private readonly Instant _end;
    private readonly List<FleetSample> _series = [];
    private double _slotSeconds;
    private double _demandFactor = 1;

    public FleetSimulation(FleetScenario scenario, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        if (scenario.Demand is { Trace: not null, Requests: null })
        {
            throw new ArgumentException("The scenario's recorded requests were not read.", nameof(scenario));
        }

        (_scenario, Seed) = (scenario, seed);
        _arrivals = Chances.Of(seed, FleetWorld.Actor, ChancePurpose.Arrivals);
        _promptLengths = Chances.Of(seed, FleetWorld.Actor, ChancePurpose.Lengths);
        _faults = Chances.Of(seed, FleetWorld.Actor, ChancePurpose.Faults);
        _end = new Instant(0) + TimeSpan.FromMinutes(scenario.Minutes);
        int actors = 1 + scenario.Fleet.Gateways + scenario.Fleet.Macs;
        _world = new FleetWorld(actors, new OutputLengths(new Prng(_promptLengths.NextUInt64()), scenario.Demand));
        DispatchPolicy policy = new() { FirstTokenMax = TimeSpan.FromSeconds(scenario.Demand.FirstTokenSecondsMax) };
        _world.Gateways =
        [
            .. Enumerable.Range(1, scenario.Fleet.Gateways)
                .Select(actor => new SimGateway(_world, actor, policy, Chances.Of(seed, actor, ChancePurpose.Routing))),
        ];
        _macs = [.. Enumerable.Range(1 + scenario.Fleet.Gateways, scenario.Fleet.Macs).Select(NewMac)];
        OwnerModel? owners = Array.Find([.. OwnerModel.Known], known => known.Name == scenario.Owners.Model);
        foreach (SimMac mac in _macs)
        {
            _world.Add(mac);
            Begin(mac, owners);
        }

        foreach (FleetFault fault in scenario.Faults)
        {
            At(TimeSpan.FromMinutes(fault.AtMinute), () => Strike(fault));
        }

        At(SampleInterval, Sample);
        At(Warmup, () => Arrive(0));
    }

    public ulong Seed { get; }

    public TimeSpan Now => _world.Agenda.Now - new Instant(0);

    public long Events => _world.Agenda.Happened;

    public int Alive => _world.Alive;

    public int InFlight => _world.Gateways.Sum(static gateway => gateway.InFlight);

    public int Violations => _world.Checks.Count;

    /// <summary>Until then the fleet finds itself; clients ask from then on.</summary>
    private static TimeSpan Warmup => TimeSpan.FromSeconds(5);

    /// <summary>Whether clients stopped asking, and what was under way ended or had its time.</summary>
    private bool IsOver => _world.Agenda.Now >= _end && Now.Ticks % SampleInterval.Ticks == 0 && (InFlight == 0 || _world.Agenda.Now >= _end + SettleMax);

    /// <summary>Lets virtual time pass; false when the run is over.</summary>
    public bool Advance(TimeSpan duration)
    {
        // Whether it is over is asked at the same instants however long the steps are.
        Instant until = _world.Agenda.Now + duration;
        while (!IsOver && _world.Agenda.Now < until)
        {
            Instant next = new Instant(0) + (SampleInterval * (Math.Floor(Now / SampleInterval) + 1));
            _ = _world.Agenda.RunUntil(next < until ? next : until);
        }

        return !IsOver;
    }

    /// <summary>What came out, so far as it did.</summary>
    public FleetResult Result()
    {
        FleetChecks checks = _world.Checks;
        checks.OnCensus(InFlight);
        if (InFlight > 0 && IsOver)
        {
            checks.Violated(0, $"{InFlight} requests never ended");
        }

        double busy = _macs.Sum(static mac => mac.BusySeconds);
        FleetResult result = new(
            Seed,
            [.. _world.Records.OrderBy(static record => record.Id)],
            [.. _series],
            [.. checks.Violations],
            FleetMetrics.Of(_world.Records, checks, _slotSeconds > 0 ? busy / _slotSeconds : 0, _series))
        {
            IsWhole = IsOver,
        };
        return result with { Hash = FleetResult.HashOf(Events, result) };
    }

    private SimMac NewMac(int actor)
    {
        Prng chance = Chances.Of(Seed, actor, ChancePurpose.Build);
        MacClass kind = Draw(chance);
        TimeSpan rtt = TimeSpan.FromMilliseconds(
            _scenario.Network.RttMsMedian <= 0 ? 0 : chance.LogNormal(_scenario.Network.RttMsMedian, _scenario.Network.RttMsP99));
        PublicKey key = new(Draw256(chance), Draw256(chance));
        NodeModel model = new(FleetWorld.Model, 1_000_000, default, FleetWorld.Fingerprint);
        return new SimMac(_world, actor, kind, new NodeCard(PeerId.Of(key), key, 1, [model], []), rtt, _scenario);
    }

    private MacClass Draw(Prng chance)
    {
        double place = chance.Unit() * _scenario.Fleet.Mix.Values.Sum();
        foreach (KeyValuePair<string, double> share in _scenario.Fleet.Mix)
        {
            place -= share.Value;
            if (place <= 0)
            {
                return MacClass.Known.Single(known => known.Name == share.Key);
            }
        }

        return MacClass.Known.Single(known => known.Name == _scenario.Fleet.Mix.Keys.Last());
    }

    private static UInt256 Draw256(Prng chance) =>
        new(new UInt128(chance.NextUInt64(), chance.NextUInt64()), new UInt128(chance.NextUInt64(), chance.NextUInt64()));

    private void Begin(SimMac mac, OwnerModel? owners)
    {
        if (owners is null)
        {
            mac.Rise();
            return;
        }

        Prng chance = Chances.Of(Seed, mac.Actor, ChancePurpose.Owner);
        double up = owners.UpHours * Gamma(1 + (1 / owners.UpShape));
        double down = owners.DownHours * Gamma(1 + (1 / owners.DownShape));
        if (chance.Unit() <= up / (up + down))
        {
            mac.Rise();
            StayUp(mac, owners, chance);
        }
        else
        {
            StayDown(mac, owners, chance);
        }
    }

    private void StayUp(SimMac mac, OwnerModel owners, Prng chance)
    {
        bool graceful = chance.Unit() <= _scenario.Owners.GracefulShare;
        After(mac, chance.Weibull(owners.UpShape, owners.UpHours), () =>
        {
            Go(mac, graceful);
            StayDown(mac, owners, chance);
        });
    }

    private void StayDown(SimMac mac, OwnerModel owners, Prng chance) =>
        After(mac, chance.Weibull(owners.DownShape, owners.DownHours), () =>
        {
            Come(mac);
            StayUp(mac, owners, chance);
        });

    private void After(SimMac mac, double hours, Action then)
    {
        Instant when = _world.Agenda.Now + TimeSpan.FromHours(Math.Min(hours, ScenarioRules.MinutesMax));
        if (when < _end + SettleMax)
        {
            _world.Agenda.Schedule(when, mac.Actor, FleetWorld.Actor, then);
        }
    }

    private static void Go(SimMac mac, bool graceful)
    {
        if (graceful)
        {
            mac.Leave();
        }
        else
        {
            mac.Crash();
        }
    }

    private static void Come(SimMac mac)
    {
        if (mac.State == MacState.Down)
        {
            mac.Rise();
        }
    }

    private void Strike(FleetFault fault)
    {
        if (fault.Kind == FleetFaultKind.Crowd)
        {
            _demandFactor *= 1 + fault.Share;
            At(TimeSpan.FromMinutes(fault.Minutes), () => _demandFactor /= 1 + fault.Share);
            return;
        }

        foreach (SimMac mac in _macs)
        {
            if (mac.State == MacState.Up && _faults.Unit() <= fault.Share)
            {
                Go(mac, fault.Kind == FleetFaultKind.Leave);
                At(TimeSpan.FromMinutes(fault.Minutes), () => Come(mac));
            }
        }
    }

    /// <summary>A request comes, and the time of the next one is drawn.</summary>
    private void Arrive(int request)
    {
        if (request > 0)
        {
            SimGateway gateway = _world.Gateways[_arrivals.Next(_world.Gateways.Length)];
            _world.Checks.OnSubmitted(request);
            gateway.OnRequest(request, PromptTokensOf(request));
        }

        if (NextArrival(request + 1) is { } next && next < _end)
        {
            _world.Agenda.Schedule(next, FleetWorld.Actor, FleetWorld.Actor, () => Arrive(request + 1));
        }
    }

    private int PromptTokensOf(int request) => _scenario.Demand.Requests is { } recorded
        ? recorded.Requests[request - 1].PromptTokens
        : (int)Math.Clamp(
            Math.Ceiling(_promptLengths.LogNormal(_scenario.Demand.PromptTokensMedian, _scenario.Demand.PromptTokensP99)), 1, ScenarioRules.PromptTokensMax);

    private Instant? NextArrival(int request)
    {
        if (_scenario.Demand.Requests is { } recorded)
        {
            return request <= recorded.Requests.Length
                ? new Instant(0) + Warmup + TimeSpan.FromSeconds(recorded.Requests[request - 1].ArrivedS / _scenario.Demand.TraceSpeed)
                : null;
        }

        double rate = _scenario.Demand.RequestsPerSecond * _demandFactor;
        return rate > 0 ? _world.Agenda.Now + TimeSpan.FromSeconds(_arrivals.Exponential(1 / rate)) : null;
    }

    private void Sample()
    {
        int inFlight = InFlight;
        _world.Checks.OnCensus(inFlight);
        _slotSeconds += Alive * _scenario.Fleet.Slots * SampleInterval.TotalSeconds;
        _series.Add(new FleetSample(Now.TotalSeconds, Alive, inFlight, _world.Checks.Submitted, _world.Checks.Ended));
        if (_world.Agenda.Now < _end)
        {
            At(SampleInterval, Sample);
        }
    }

    private void At(TimeSpan later, Action happening) =>
        _world.Agenda.Schedule(_world.Agenda.Now + later, FleetWorld.Actor, FleetWorld.Actor, happening);

    /// <summary>Lanczos' approximation (Numerical Recipes, 6.1), for arguments from 1 on.</summary>
    private static double Gamma(double x)
    {
        ReadOnlySpan<double> terms = [76.18009172947146, -86.50532032941677, 24.01409824083091, -1.231739572450155, 0.1208650973866179e-2, -0.5395239384953e-5];
        double shifted = x + 5.5;
        double sum = 1.000000000190015;
        for (int i = 0; i < terms.Length; i++)
        {
            sum += terms[i] / (x + 1 + i);
        }

        return FrozenMath.Exp(((x + 0.5) * FrozenMath.Log(shifted)) - shifted) * 2.5066282746310005 * sum / x;
    }
}

/// <summary>The fleet at one moment: a row of series.csv.</summary>
public sealed record FleetSample(double AtS, int Alive, int InFlight, int Submitted, int Ended);
