using System.Collections.Generic;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.Bench.Transport.Contenders;

namespace Darkbloom.Bench.Transport.Rows;

/// <summary>What a token costs on a path that costs nothing.</summary>
internal sealed record RoundTripRow() : Row("round-trip", "200 B round trip, loopback")
{
    private const int MessageBytes = 200;
    private const int WarmUps = 5_000;

    public override async Task<IReadOnlyList<Goal>> MeasureAsync(Lab lab)
    {
        Comparison p50 = new("µs");
        Comparison p99 = new("µs");
        int count = lab.IsQuick ? 5_000 : 20_000;
        (Contender Contender, OpenConnection Connection)[] all =
        [
            (Contender.Mesh, await lab.Loopback.OpenAsync(Contender.Mesh)),
            (Contender.Tls, await lab.Loopback.OpenAsync(Contender.Tls)),
            (Contender.RawUdp, await lab.Loopback.OpenAsync(Contender.RawUdp)),
            (Contender.Http2, await lab.Loopback.OpenAsync(Contender.Http2)),
        ];
        for (int repetition = -1; repetition < lab.Repetitions; repetition++)
        {
            foreach ((Contender contender, OpenConnection connection) in all)
            {
                AgentMessage times = await connection.EchoAsync(repetition < 0 ? WarmUps : count, MessageBytes);
                if (repetition >= 0)
                {
                    p50.Add(contender.ToString(), times.Real("p50_us"));
                    p99.Add(contender.ToString(), times.Real("p99_us"));
                }
            }
        }
        foreach ((_, OpenConnection connection) in all)
        {
            await connection.DisposeAsync();
        }
        return
        [
            p50.Ratio("200 B round trip, p50 / TLS", nameof(Contender.Mesh), nameof(Contender.Tls), Bound.AtMost(0.5)),
            p50.Ratio("200 B round trip, p50 / raw encrypted UDP", nameof(Contender.Mesh), nameof(Contender.RawUdp), Bound.AtMost(2)),
            p99.Ratio("200 B round trip, p99 / TLS", nameof(Contender.Mesh), nameof(Contender.Tls), Bound.AtMost(0.5)),
            p50.Ratio("200 B round trip, p50 / HTTP/2 duplex", nameof(Contender.Mesh), nameof(Contender.Http2), null),
        ];
    }
}
