using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Darkbloom.Mesh.Routing;

namespace Darkbloom.Simulations.Fleet;

/// <summary>What a scenario may ask: each problem names the key and the fix.</summary>
internal static class ScenarioRules
{
    public const int MacsMax = NodeCard.NodesMax;
    public const int GatewaysMax = 1000;
    public const double MinutesMax = 60 * 24 * 14;
    public const double RequestsPerSecondMax = 100_000;
    public const double TokensMax = 1_000_000;

    /// <summary>What one message carries.</summary>
    public const int PromptTokensMax = 1_000_000;

    /// <exception cref="FormatException">A value is impossible.</exception>
    public static FleetScenario Checked(FleetScenario scenario)
    {
        Within("minutes", scenario.Minutes, 0.01, MinutesMax);
        Within("fleet.macs", scenario.Fleet.Macs, 1, MacsMax);
        Within("fleet.gateways", scenario.Fleet.Gateways, 1, GatewaysMax);
        Within("fleet.slots", scenario.Fleet.Slots, 1, NodeLoad.SlotsMax);
        Within("fleet.queueMax", scenario.Fleet.QueueMax, 0, NodeLoad.QueueDepthMax);
        if (scenario.Fleet.Mix.Values.Sum() is not > 0)
        {
            throw new FormatException("fleet.mix: give at least one class a share above 0.");
        }

        foreach (KeyValuePair<string, double> share in scenario.Fleet.Mix)
        {
            OneOf("fleet.mix", share.Key, MacClass.Known.Select(static known => known.Name));
            Within($"fleet.mix.{share.Key}", share.Value, 0, 1);
        }

        Within("network.rttMsMedian", scenario.Network.RttMsMedian, 0, 60_000);
        Within("network.rttMsP99", scenario.Network.RttMsP99, scenario.Network.RttMsMedian, 60_000);
        Within("demand.requestsPerSecond", scenario.Demand.RequestsPerSecond, 0, RequestsPerSecondMax);
        Within("demand.promptTokensMedian", scenario.Demand.PromptTokensMedian, 1, TokensMax);
        Within("demand.promptTokensP99", scenario.Demand.PromptTokensP99, scenario.Demand.PromptTokensMedian, TokensMax);
        Within("demand.outputTokensMedian", scenario.Demand.OutputTokensMedian, 1, TokensMax);
        Within("demand.outputTokensP99", scenario.Demand.OutputTokensP99, scenario.Demand.OutputTokensMedian, TokensMax);
        Within("demand.outputTokensMeanExponential", scenario.Demand.OutputTokensMeanExponential, 0, TokensMax);
        Within("demand.traceSpeed", scenario.Demand.TraceSpeed, 0.001, 1000);
        Within("demand.firstTokenSecondsMax", scenario.Demand.FirstTokenSecondsMax, 0.001, 1_000_000);
        OneOf("owners.model", scenario.Owners.Model, OwnerModel.Known.Select(static known => known.Name).Prepend("none"));
        Within("owners.gracefulShare", scenario.Owners.GracefulShare, 0, 1);
        Within("owners.drainSeconds", scenario.Owners.DrainSeconds, 0, 3600);
        foreach (FleetFault fault in scenario.Faults)
        {
            Within("faults.atMinute", fault.AtMinute, 0, scenario.Minutes);
            Within("faults.minutes", fault.Minutes, 0, MinutesMax);
            Within("faults.share", fault.Share, 0, fault.Kind == FleetFaultKind.Crowd ? 100 : 1);
        }

        foreach (FleetExpectation expectation in scenario.Expect)
        {
            OneOf("expect.metric", expectation.Metric, FleetMetrics.Names);
            if (expectation is { AtLeast: null, AtMost: null })
            {
                throw new FormatException($"expect: {expectation.Metric} needs atLeast or atMost.");
            }
        }

        return scenario;
    }

    private static void Within(string key, double value, double min, double max)
    {
        if (!(value >= min && value <= max))
        {
            throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{key}: {value} is not within {min} to {max}."));
        }
    }

    private static void OneOf(string key, string value, IEnumerable<string> possible)
    {
        string[] known = [.. possible];
        if (!known.Contains(value, StringComparer.Ordinal))
        {
            throw new FormatException($"{key}: there is no {value}; there are {string.Join(", ", known)}.");
        }
    }
}
