using System;
using Darkbloom.Simulations.Fleet;
using Xunit;

namespace Darkbloom.Simulations.Tests;

public sealed class ScenarioFileTests
{
    private const string Least = """{ "name": "mine", "about": "mine" }""";

    [Theory]
    [MemberData(nameof(FleetSimulationTests.Scenarios), MemberType = typeof(FleetSimulationTests))]
    public void Every_scenario_that_comes_with_it_is_named_as_its_file(string name) =>
        Assert.Equal(name, ScenarioFile.Read(ScenarioFile.Text(name)!, []).Name);

    [Fact]
    public void What_a_file_leaves_out_has_its_default() => Assert.Equal(200, ScenarioFile.Read(Least, []).Fleet.Macs);

    [Fact]
    public void A_setting_replaces_one_value()
    {
        FleetScenario scenario = ScenarioFile.Read(Least, ["fleet.macs=7", "owners.model=nd07cpu"]);
        Assert.Equal((7, 2, "nd07cpu"), (scenario.Fleet.Macs, scenario.Fleet.Gateways, scenario.Owners.Model));
    }

    [Theory]
    [InlineData("fleet.mac=7", "mac")]
    [InlineData("colour=7", "colour")]
    [InlineData("fleet.macs=many", "fleet.macs")]
    [InlineData("fleet.macs", "equals sign")]
    [InlineData("fleet.macs=0", "fleet.macs")]
    [InlineData("fleet.macs=4097", "fleet.macs")]
    [InlineData("fleet.gateways=0", "fleet.gateways")]
    [InlineData("fleet.slots=1025", "fleet.slots")]
    [InlineData("fleet.queueMax=-1", "fleet.queueMax")]
    [InlineData("fleet.mix={\"cray\":1}", "base, pro, max, ultra")]
    [InlineData("fleet.mix={\"pro\":0,\"base\":0}", "fleet.mix")]
    [InlineData("minutes=0", "minutes")]
    [InlineData("network.rttMsP99=1", "network.rttMsP99")]
    [InlineData("demand.requestsPerSecond=-1", "demand.requestsPerSecond")]
    [InlineData("owners.model=ibm", "nd07cpu")]
    [InlineData("owners.gracefulShare=1.1", "owners.gracefulShare")]
    [InlineData("faults=[{\"kind\":\"meteor\"}]", "kind")]
    [InlineData("faults=[{\"kind\":\"crash\",\"atMinute\":11}]", "faults.atMinute")]
    [InlineData("expect=[{\"metric\":\"joy\",\"atLeast\":1}]", "completedShare")]
    [InlineData("expect=[{\"metric\":\"requests\"}]", "atLeast")]
    public void What_cannot_be_asked_is_refused_by_its_name(string setting, string named)
    {
        FormatException refused = Assert.Throws<FormatException>(() => ScenarioFile.Read(Least, [setting]));
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fleet.macs=4096")]
    [InlineData("fleet.macs=1")]
    [InlineData("fleet.slots=1024")]
    [InlineData("owners.gracefulShare=1")]
    [InlineData("fleet.queueMax=0")]
    public void A_limit_itself_is_allowed(string setting) => Assert.NotNull(ScenarioFile.Read(Least, [setting]));

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{ "name": "mine" }""")]
    public void What_is_no_scenario_is_refused(string text) => Assert.Throws<FormatException>(() => ScenarioFile.Read(text, []));
}
