using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.Bench.Transport.Contenders;
using Darkbloom.LinkEmulator;

namespace Darkbloom.Bench.Transport.Rows;

/// <summary>A lost packet with nothing behind it that would show the loss: the probe timeout decides.</summary>
internal sealed record PingPongRow() : Row("ping-pong", "200 B ping-pong, 40 ms RTT, 1 % loss")
{
    private const int MessageBytes = 200;

    /// <summary>Beside each other, each alone on its connection: a thousand round trips one after another take too long.</summary>
    private const int Connections = 16;

    private static readonly LinkProfile _profile = Links.Mbit100Loss1;

    public override async Task<IReadOnlyList<Goal>> MeasureAsync(Lab lab)
    {
        Comparison p99 = new("RTT");
        int count = lab.IsQuick ? 40 : 80;
        for (int repetition = 0; repetition < lab.Repetitions; repetition++)
        {
            AgentPair pair = await lab.LinkAsync(_profile, repetition);
            foreach (Contender contender in new[] { Contender.Mesh, Contender.Tls })
            {
                await pair.WarmUpAsync(contender);
                p99.Add(contender.ToString(), await MeasureAsync(pair, contender, count) / 1000 / Links.RttMs);
            }
        }
        return
        [
            p99.Value("ping-pong at 1 % loss, p99", nameof(Contender.Mesh), Bound.AtMost(2.5)),
            p99.Ratio("ping-pong at 1 % loss, p99 / TLS", nameof(Contender.Mesh), nameof(Contender.Tls), null),
        ];
    }

    private static async Task<double> MeasureAsync(AgentPair pair, Contender contender, int count)
    {
        OpenConnection[] connections = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => pair.OpenAsync(contender)));
        AgentMessage times = await pair.EchoAsync(connections, count, MessageBytes);
        await Task.WhenAll(connections.Select(connection => connection.DisposeAsync().AsTask()));
        return times.Real("p99_us");
    }
}
