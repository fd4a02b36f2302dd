using System.Collections.Generic;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.Bench.Transport.Contenders;

namespace Darkbloom.Bench.Transport.Rows;

/// <summary>What a user feels: the tokens of one answer while an image uploads on the same connection.</summary>
internal sealed record EchoBesideBulkRow() : Row("echo-beside-bulk", "200 B every 20 ms beside a bulk upload, 100 Mbit, 40 ms RTT")
{
    private const int MessageBytes = 200;
    private const int IntervalMs = 20;

    public override async Task<IReadOnlyList<Goal>> MeasureAsync(Lab lab)
    {
        Comparison p50 = new("RTT");
        Comparison p99 = new("RTT");
        Comparison rates = new("MB/s");
        double seconds = lab.IsQuick ? 4 : 6;
        for (int repetition = 0; repetition < lab.Repetitions; repetition++)
        {
            AgentPair pair = await lab.LinkAsync(Links.Mbit100, repetition);
            foreach (Contender contender in new[] { Contender.Mesh, Contender.Http2 })
            {
                await pair.WarmUpAsync(contender);
                await using OpenConnection connection = await pair.OpenAsync(contender);
                Task<double> uploading = WanUpload.MeasureAsync(connection, seconds);
                AgentMessage times = await connection.EchoAsync((int)(seconds * 1000 / IntervalMs), MessageBytes, IntervalMs);
                rates.Add(contender.ToString(), await uploading);
                p50.Add(contender.ToString(), times.Real("p50_us") / 1000 / Links.RttMs);
                p99.Add(contender.ToString(), times.Real("p99_us") / 1000 / Links.RttMs);
            }
        }
        return
        [
            p50.Value("echo beside bulk, p50", nameof(Contender.Mesh), Bound.AtMost(2)),
            p99.Value("echo beside bulk, p99", nameof(Contender.Mesh), Bound.AtMost(4)),
            rates.Share("bulk beside echo, share of the link", nameof(Contender.Mesh), Links.MegabytesPerSecond(Links.Mbit100), Bound.AtLeast(0.9)),
            p50.Ratio("echo beside bulk, p50 / HTTP/2 over BBR", nameof(Contender.Mesh), nameof(Contender.Http2), null),
            p99.Ratio("echo beside bulk, p99 / HTTP/2 over BBR", nameof(Contender.Mesh), nameof(Contender.Http2), null),
        ];
    }
}
