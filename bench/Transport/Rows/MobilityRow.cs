using System;
using System.Collections.Generic;
using System.Net;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.Bench.Transport.Contenders;
using Darkbloom.LinkEmulator;

namespace Darkbloom.Bench.Transport.Rows;

/// <summary>Networks that change under an upload: nothing may be lost, and nobody may notice for long.</summary>
internal sealed record MobilityRow() : Row("mobility", "rebinding, uplink switch, 3 s outage, 100 Mbit, 40 ms RTT")
{
    private const long UploadBytes = 30_000_000;
    private const double AckDelayMs = 25;
    private static readonly TimeSpan _outage = TimeSpan.FromSeconds(3);

    /// <summary>Into the upload: slow start is over.</summary>
    private static readonly TimeSpan _lead = TimeSpan.FromSeconds(1);

    public override async Task<IReadOnlyList<Goal>> MeasureAsync(Lab lab) =>
    [
        await MeasureAsync(lab, "NAT rebinding", TimeSpan.Zero, link => NowAsync(() => link.Rebind())),
        await MeasureAsync(lab, "NAT rebinding, another address", TimeSpan.Zero, link => NowAsync(() => link.Rebind(IPAddress.Parse("10.77.0.99")))),
        await MeasureAsync(lab, "uplink switch", TimeSpan.Zero, link => NowAsync(() => link.Left.ChangeAddress(IPAddress.Parse("10.77.0.3")))),
        await MeasureAsync(lab, "3 s outage", _outage, async link =>
        {
            link.UseBothWays(Links.Mbit100 with { IsDown = true });
            await Task.Delay(_outage);
            link.UseBothWays(Links.Mbit100);
        }),
    ];

    private static Task NowAsync(Action change)
    {
        change();
        return Task.CompletedTask;
    }

    private static async Task<Goal> MeasureAsync(Lab lab, string name, TimeSpan outage, Func<EmulatedLink, Task> change)
    {
        Comparison stalls = new("ms");
        Comparison allowances = new("ms");
        for (int repetition = 0; repetition < lab.Repetitions; repetition++)
        {
            AgentPair pair = await lab.LinkAsync(Links.Mbit100, repetition);
            await using OpenConnection connection = await pair.OpenAsync(Contender.Mesh);
            Task<AgentMessage> uploading = connection.UploadAsync(UploadBytes);
            await Task.Delay(_lead);
            double rttMs = (await connection.StatisticsAsync()).Real("rtt_ms");
            _ = await connection.ReceivedAsync(); // the longest gap is that since here
            await change(pair.Link!);
            _ = await uploading;
            AgentMessage received = await connection.ReceivedAsync();
            if (received.Real("bytes") != UploadBytes || received.Real("damaged") != 0)
            {
                throw new InvalidOperationException($"{name}: bytes were lost or damaged.");
            }
            stalls.Add("stall", received.Real("gap_ms"));
            allowances.Add("allowed", 2 * (rttMs + AckDelayMs) + rttMs + outage.TotalMilliseconds);
        }
        double stall = stalls.Median("stall");
        double allowed = allowances.Median("allowed");
        return new Goal(
            $"{name}, stall / (2 PTO + RTT + outage)", stall / allowed, "×", Bound.AtMost(1),
            FormattableString.Invariant($"{stall:0} of {allowed:0} ms, every byte arrived"))
        {
            Figures = [new Figure("stall", stall, "ms"), new Figure("allowed", allowed, "ms")],
        };
    }
}
