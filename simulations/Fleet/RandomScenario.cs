using System.Collections.Generic;
using System.Collections.Immutable;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Simulations.Fleet;

/// <summary>A small scenario with random faults, for looking for what nobody thought of; no expectations but the invariants.</summary>
public static class RandomScenario
{
    private const int FaultsMax = 4;
    private const int MinutesMax = 12;

    public static FleetScenario Of(ulong seed)
    {
        Prng chance = new(seed);
        double minutes = 4 + chance.Next(MinutesMax - 3);
        int macs = 2 + chance.Next(60);
        List<FleetFault> faults = [];
        for (int count = chance.Next(FaultsMax + 1); count > 0; count--)
        {
            FleetFaultKind kind = (FleetFaultKind)chance.Next((int)FleetFaultKind.Crowd + 1);
            faults.Add(new FleetFault
            {
                Kind = kind,
                AtMinute = minutes * chance.Next(100) / 100,
                Share = kind == FleetFaultKind.Crowd ? 1 + chance.Next(8) : (1 + chance.Next(10)) / 10.0,
                Minutes = (1 + chance.Next(50)) / 10.0,
            });
        }

        return ScenarioRules.Checked(new FleetScenario
        {
            Name = $"random-{seed}",
            About = "Random faults in a small fleet.",
            Minutes = minutes,
            Fleet = new FleetSize { Macs = macs, Gateways = 1 + chance.Next(3), Slots = 1 + chance.Next(6), QueueMax = chance.Next(10) },
            Network = new FleetNetwork { RttMsMedian = 5 + chance.Next(200), RttMsP99 = 300 + chance.Next(500) },
            Demand = new FleetDemand { RequestsPerSecond = macs * (1 + chance.Next(30)) / 200.0, FirstTokenSecondsMax = 5 + chance.Next(120) },
            Owners = new FleetOwners
            {
                Model = chance.Chance(1, 2) ? "none" : OwnerModel.Known[chance.Next(OwnerModel.Known.Length)].Name,
                GracefulShare = chance.Next(11) / 10.0,
                DrainSeconds = chance.Next(20),
            },
            Faults = [.. faults],
            Expect = ImmutableArray<FleetExpectation>.Empty,
        });
    }
}
