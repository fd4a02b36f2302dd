using System;
using System.IO;
using System.Linq;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Simulations.Fleet;
using Darkbloom.Simulations.Traces;
using Xunit;

namespace Darkbloom.Simulations.Tests;

public sealed class FleetSimulationTests
{
    [Fact]
    public void A_seed_gives_the_same_bytes_twice_and_another_seed_others()
    {
        string first = Bytes("lid-close", 7);
        Assert.Equal(first, Bytes("lid-close", 7));
        Assert.NotEqual(first, Bytes("lid-close", 8));
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Every_scenario_loses_no_request_no_token_and_no_place(string name)
    {
        FleetResult result = Run(Scenario(name, "fleet.macs=60", "demand.requestsPerSecond=2", "minutes=12"), 1);
        Assert.Empty(result.Violations);
        Assert.Equal(result.Metrics["requests"], result.Requests.Length);
        Assert.Equal(Enumerable.Range(1, result.Requests.Length), result.Requests.Select(static request => request.Id));
    }

    [Fact]
    public void Answers_of_Macs_that_vanish_go_on_elsewhere()
    {
        FleetResult result = Run(
            Scenario("lid-close", "fleet.macs=40", "fleet.mix={\"max\":1}", "demand.requestsPerSecond=8", "demand.promptTokensMedian=100", "demand.promptTokensP99=200"), 1);
        RequestRecord[] resumed = [.. result.Requests.Where(static request => request.Resumptions > 0)];
        Assert.NotEmpty(resumed);
        Assert.All(resumed, static request => Assert.Equal(InferenceOutcome.Completed, request.Outcome));
        Assert.All(resumed, static request => Assert.True(request.Exposure > 1));
        Assert.Empty(result.Violations);
    }

    [Fact]
    public void A_fleet_that_is_too_small_refuses_and_still_loses_nothing()
    {
        FleetResult result = Run(Scenario("hello", "fleet.macs=2", "fleet.queueMax=1", "demand.requestsPerSecond=10"), 1);
        Assert.True(result.Metrics["noCapacityShare"] > 0.5);
        Assert.Empty(result.Violations);
    }

    [Fact]
    public void A_fleet_of_nobody_finds_no_node()
    {
        FleetResult result = Run(Scenario("hello", "faults=[{\"kind\":\"crash\",\"atMinute\":0,\"share\":1,\"minutes\":600}]"), 1);
        Assert.Equal(0, result.Metrics["completedShare"]);
        Assert.Empty(result.Violations);
    }

    [Fact]
    public void More_Macs_change_nothing_about_the_first_ones()
    {
        FleetResult few = Run(Scenario("hello", "fleet.macs=5", "demand.requestsPerSecond=0.2"), 3);
        FleetResult more = Run(Scenario("hello", "fleet.macs=6", "demand.requestsPerSecond=0.2"), 3);
        Assert.Equal(few.Requests.Select(static r => (r.Id, r.ArrivedS, r.PromptTokens, r.OutputTokens)), more.Requests.Select(static r => (r.Id, r.ArrivedS, r.PromptTokens, r.OutputTokens)));
    }

    [Fact]
    public void A_crowd_multiplies_the_demand_while_it_lasts()
    {
        FleetResult result = Run(Scenario("hello", "minutes=6", "faults=[{\"kind\":\"crowd\",\"atMinute\":2,\"share\":4,\"minutes\":2}]"), 1);
        int Count(double from, double to) => result.Requests.Count(r => r.ArrivedS >= from && r.ArrivedS < to);
        Assert.InRange((double)Count(120, 240) / Count(0, 120), 4, 6);
        Assert.InRange((double)Count(240, 360) / Count(0, 120), 0.7, 1.4);
    }

    [Fact]
    public void Time_may_pass_in_steps_of_any_length()
    {
        FleetScenario scenario = Scenario("lid-close", "fleet.macs=20", "minutes=6", "demand.requestsPerSecond=1");
        FleetSimulation simulation = new(scenario, 1);
        while (simulation.Advance(TimeSpan.FromSeconds(10)))
        {
        }

        Assert.Equal(Run(scenario, 1).Hash, simulation.Result().Hash);
    }

    [Fact]
    public void Recorded_requests_come_when_and_as_long_as_they_were()
    {
        FleetTrace trace = FleetTrace.Read(["arrived_s,prompt_tokens,output_tokens,conversation,shared_tokens", "0,10,20,0,0", "30,40,50,0,0"], 1);
        FleetScenario scenario = Scenario("hello", "fleet.macs=3", "demand.trace=recorded.csv", "demand.traceSpeed=2");
        FleetResult result = Run(scenario with { Demand = scenario.Demand with { Requests = trace } }, 1);
        Assert.Equal([(10, 20), (40, 50)], result.Requests.Select(static r => (r.PromptTokens, r.OutputTokens)));
        Assert.Equal(15, result.Requests[1].ArrivedS - result.Requests[0].ArrivedS, 6);
        Assert.Throws<ArgumentException>(() => new FleetSimulation(scenario, 1));
    }

    public static TheoryData<string> Scenarios() => [.. ScenarioFile.Known];

    internal static FleetScenario Scenario(string name, params string[] settings) => ScenarioFile.Read(ScenarioFile.Text(name)!, settings);

    internal static FleetResult Run(FleetScenario scenario, ulong seed)
    {
        FleetSimulation simulation = new(scenario, seed);
        while (simulation.Advance(TimeSpan.FromMinutes(1)))
        {
        }

        return simulation.Result();
    }

    private static string Bytes(string name, ulong seed)
    {
        FleetScenario scenario = Scenario(name, "minutes=8", "fleet.macs=50");
        FleetReport report = new(scenario, [Run(scenario, seed)]);
        using StringWriter writer = new();
        report.WriteRequests(writer);
        report.WriteSeries(writer);
        report.WriteViolations(writer);
        writer.Write(report.ToJson("revision").ToJsonString());
        return writer.ToString();
    }
}
