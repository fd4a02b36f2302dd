using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Darkbloom.Simulations.Fleet;
using Xunit;

namespace Darkbloom.Simulations.Tests;

/// <summary>Where theory knows the answer, the simulator gives it: one node, no network, answers of random length.</summary>
public sealed class QueueTheoryTests
{
    private const double TokenSeconds = 0.001; // of the class "ideal"
    private const double MeanTokens = 200;
    private const double Tolerance = 0.02;

    /// <summary>Seconds: events fall on whole nanoseconds.</summary>
    private const double Precision = 1e-4;

    /// <summary>Lengths are whole tokens, so they are spread geometrically, not quite exponentially.</summary>
    private static readonly double _serviceSeconds = TokenSeconds / (1 - Math.Exp(-1 / MeanTokens));

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void The_mean_wait_is_Erlang_s(int slots)
    {
        const double Load = 0.5;
        double measured = new ulong[] { 1, 2, 3 }.Average(seed => Run(slots, Load, 100_000, seed).Metrics["firstTokenS.mean"] - TokenSeconds);
        Assert.InRange(measured / ErlangWait(slots, Load), 1 - Tolerance, 1 + Tolerance);
    }

    /// <summary>Under heavy load means converge slowly, but each wait can be worked out from what came before.</summary>
    [Theory]
    [InlineData(1, 0.9)]
    [InlineData(8, 0.95)]
    public void Each_wait_is_that_of_a_queue_served_in_order(int slots, double load)
    {
        PriorityQueue<double, double> free = new(Enumerable.Repeat((0.0, 0.0), slots));
        foreach (RequestRecord request in Run(slots, load, 20_000, seed: 1).Requests)
        {
            double start = Math.Max(request.ArrivedS, free.Dequeue());
            double end = start + (request.OutputTokens * TokenSeconds);
            free.Enqueue(end, end);
            Assert.Equal(start - request.ArrivedS + TokenSeconds, request.FirstTokenS!.Value, Precision);
        }
    }

    /// <summary>Erlang's second formula: the mean wait in M/M/c.</summary>
    private static double ErlangWait(int servers, double load)
    {
        double offered = servers * load;
        double term = 1, sum = 0;
        for (int i = 0; i < servers; i++)
        {
            sum += term;
            term *= offered / (i + 1);
        }

        double waits = term / (1 - load);
        return waits / (sum + waits) * _serviceSeconds / (servers * (1 - load));
    }

    private static FleetResult Run(int slots, double load, double requests, ulong seed)
    {
        double rate = slots * load / _serviceSeconds;
        FormattableString[] settings =
        [
            $"minutes={requests / rate / 60}",
            $"demand.requestsPerSecond={rate}",
            $"demand.outputTokensMeanExponential={MeanTokens}",
            $"demand.firstTokenSecondsMax=100000",
            $"demand.promptTokensMedian=1",
            $"demand.promptTokensP99=1",
            $"fleet.macs=1",
            $"fleet.gateways=1",
            $"fleet.slots={slots}",
            $"fleet.queueMax=60000",
            $"network.rttMsMedian=0",
            $"network.rttMsP99=0",
            $"expect=[]",
        ];
        FleetScenario scenario = FleetSimulationTests.Scenario(
            "hello", [.. settings.Select(setting => setting.ToString(CultureInfo.InvariantCulture)), "fleet.mix={\"ideal\":1}"]);
        FleetResult result = FleetSimulationTests.Run(scenario, seed);
        Assert.Empty(result.Violations);
        Assert.Equal(1, result.Metrics["completedShare"]);
        return result;
    }
}
