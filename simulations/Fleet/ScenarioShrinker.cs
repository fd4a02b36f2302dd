using System;
using System.Collections.Generic;

namespace Darkbloom.Simulations.Fleet;

/// <summary>Makes a scenario that fails smaller for as long as it still fails: what is left is what the failure needs.</summary>
public static class ScenarioShrinker
{
    /// <summary>Halving stops at these: nothing is learned from less.</summary>
    private const double MinutesLeast = 0.25;
    private const double RequestsPerSecondLeast = 0.01;

    /// <param name="fails">Whether a scenario still fails; called once for each scenario that is tried.</param>
    /// <param name="triesMax">Scenarios that are tried, at most.</param>
    public static FleetScenario Shrink(FleetScenario scenario, Func<FleetScenario, bool> fails, int triesMax)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(fails);
        int tries = 0;
        bool shrunk = true;
        while (shrunk)
        {
            shrunk = false;
            foreach (FleetScenario smaller in SmallerThan(scenario))
            {
                if (tries++ == triesMax)
                {
                    return scenario;
                }

                if (IsPossible(smaller) && fails(smaller))
                {
                    (scenario, shrunk) = (smaller, true);
                    break;
                }
            }
        }

        return scenario;
    }

    /// <summary>Scenarios that ask a little less than this one, what shrinks it most first.</summary>
    private static IEnumerable<FleetScenario> SmallerThan(FleetScenario large)
    {
        for (int i = 0; i < large.Faults.Length; i++)
        {
            yield return large with { Faults = large.Faults.RemoveAt(i) };
        }

        if (large.Owners.Model != "none")
        {
            yield return large with { Owners = large.Owners with { Model = "none" } };
        }

        if (large.Minutes / 2 >= MinutesLeast)
        {
            yield return large with { Minutes = large.Minutes / 2 };
        }

        if (large.Fleet.Macs > 1)
        {
            yield return large with { Fleet = large.Fleet with { Macs = large.Fleet.Macs / 2 } };
        }

        if (large.Fleet.Gateways > 1)
        {
            yield return large with { Fleet = large.Fleet with { Gateways = large.Fleet.Gateways / 2 } };
        }

        if (large.Demand.RequestsPerSecond / 2 >= RequestsPerSecondLeast)
        {
            yield return large with { Demand = large.Demand with { RequestsPerSecond = large.Demand.RequestsPerSecond / 2 } };
        }

        foreach (KeyValuePair<string, double> kind in large.Fleet.Mix)
        {
            if (large.Fleet.Mix.Count > 1)
            {
                yield return large with { Fleet = large.Fleet with { Mix = large.Fleet.Mix.Remove(kind.Key) } };
            }
        }
    }

    private static bool IsPossible(FleetScenario scenario)
    {
        try
        {
            _ = ScenarioRules.Checked(scenario);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
