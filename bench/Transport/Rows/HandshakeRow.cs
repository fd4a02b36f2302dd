using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.Bench.Transport.Contenders;
using Darkbloom.Bench.Transport.Workloads;
using Darkbloom.LinkEmulator;

namespace Darkbloom.Bench.Transport.Rows;

/// <summary>What meeting a peer costs: the responder's processor, the user's time, and what a stranger can burn.</summary>
internal sealed record HandshakeRow() : Row("handshakes", "handshakes: on one core, over 40 ms RTT, with a wrong mac1")
{
    private const int MessageBytes = 200;

    public override async Task<IReadOnlyList<Goal>> MeasureAsync(Lab lab)
    {
        Comparison rate = new("/s");
        Comparison wrongMac = new("µs");
        Comparison firstByte = new("RTT");
        long answered = 0;
        for (int repetition = -1; repetition < lab.Repetitions; repetition++)
        {
            using ResponderLoad load = new();
            double handshakesPerSecond = load.HandshakesPerSecond();
            double wrongMacMicroseconds = load.WrongMacMicroseconds();
            answered += load.BytesToStrangers;
            if (repetition >= 0)
            {
                rate.Add(nameof(Contender.Mesh), handshakesPerSecond);
                wrongMac.Add(nameof(Contender.Mesh), wrongMacMicroseconds);
            }
        }
        AgentPair pair = await lab.LinkAsync(new LinkProfile { Delay = TimeSpan.FromMilliseconds(Links.RttMs / 2) });
        for (int repetition = -1; repetition < lab.Repetitions; repetition++)
        {
            foreach (Contender contender in new[] { Contender.Mesh, Contender.Tls })
            {
                await using OpenConnection connection = await pair.OpenAsync(contender);
                AgentMessage first = await connection.FirstByteAsync(MessageBytes);
                if (repetition >= 0)
                {
                    firstByte.Add(contender.ToString(), first.Real("ms") / Links.RttMs);
                }
            }
        }
        return
        [
            rate.Value("responder handshakes a second, one core", nameof(Contender.Mesh), Bound.AtLeast(1000)),
            firstByte.Value("first response byte, connecting included", nameof(Contender.Mesh), Bound.AtMost(2.1)),
            firstByte.Ratio("first response byte / TLS", nameof(Contender.Mesh), nameof(Contender.Tls), null),
            wrongMac.Value("an Init with a wrong mac1", nameof(Contender.Mesh), Bound.AtMost(3)),
            new Goal("bytes sent to whoever has a wrong mac1", answered, "B", Bound.AtMost(0), "all repetitions"),
        ];
    }
}
