using System.Linq;
using Darkbloom.Simulations.Fleet;
using Xunit;

namespace Darkbloom.Simulations.Tests;

public sealed class ScenarioShrinkerTests
{
    private const string Faults =
        "faults=[{\"kind\":\"crowd\",\"atMinute\":1,\"share\":3},{\"kind\":\"crash\",\"atMinute\":2,\"share\":0.7},{\"kind\":\"leave\",\"atMinute\":1}]";

    [Fact]
    public void What_the_failure_does_not_need_is_taken_away()
    {
        FleetScenario large = FleetSimulationTests.Scenario("hello", Faults, "owners.model=nd07cpu", "fleet.gateways=9");
        FleetScenario small = ScenarioShrinker.Shrink(large, static s => s.Fleet.Macs >= 7 && s.Faults.Any(static fault => fault.Kind == FleetFaultKind.Crash), 1000);
        Assert.Equal(FleetFaultKind.Crash, Assert.Single(small.Faults).Kind);
        Assert.InRange(small.Fleet.Macs, 7, 13);
        Assert.Equal((1, "none", 1), (small.Fleet.Gateways, small.Owners.Model, small.Fleet.Mix.Count));
        Assert.True(small.Minutes <= 2.5, $"{small.Minutes}: the crash at minute 2 is still within");
    }

    [Fact]
    public void No_more_are_tried_than_allowed()
    {
        int tried = 0;
        _ = ScenarioShrinker.Shrink(FleetSimulationTests.Scenario("hello"), _ => ++tried > 0, 3);
        Assert.Equal(3, tried);
    }

    [Fact]
    public void What_only_fails_as_a_whole_stays_as_it_is()
    {
        FleetScenario scenario = FleetSimulationTests.Scenario("lid-close");
        Assert.Equal(scenario, ScenarioShrinker.Shrink(scenario, static _ => false, 1000));
    }
}
