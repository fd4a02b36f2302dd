using System.Collections.Generic;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.Bench.Transport.Contenders;

namespace Darkbloom.Bench.Transport.Rows;

/// <summary>One way, as fast as two processes on this machine can.</summary>
internal sealed record ThroughputRow() : Row("throughput", "one-way throughput, loopback")
{
    private const string MeshPortable = nameof(Contender.Mesh);

    public override async Task<IReadOnlyList<Goal>> MeasureAsync(Lab lab)
    {
        Comparison rates = new("MB/s");
        long bytes = lab.IsQuick ? 64_000_000 : 200_000_000;
        for (int repetition = -1; repetition < lab.Repetitions; repetition++)
        {
            foreach (Contender contender in new[] { Contender.Mesh, Contender.RawUdp, Contender.Tls, Contender.Http2 })
            {
                await using OpenConnection connection = await lab.Loopback.OpenAsync(contender);
                double rate = contender == Contender.RawUdp ? await FloodAsync(connection) : await UploadAsync(connection, bytes);
                if (repetition >= 0)
                {
                    rates.Add(contender.ToString(), rate);
                }
            }
        }
        return
        [
            rates.Ratio("throughput, portable / raw encrypted UDP", MeshPortable, nameof(Contender.RawUdp), Bound.AtLeast(0.7)),
            rates.Ratio("throughput / TLS", nameof(Contender.Mesh), nameof(Contender.Tls), Bound.AtLeast(0.5)),
            rates.Ratio("throughput / HTTP/2", nameof(Contender.Mesh), nameof(Contender.Http2), Bound.AtLeast(1)),
        ];
    }

    private static async Task<double> UploadAsync(OpenConnection connection, long bytes) =>
        bytes / (await connection.UploadAsync(bytes)).Real("seconds") / 1e6;

    /// <summary>What arrives counts: the sender doesn't wait for the receiver, and loses what that can't take.</summary>
    private static async Task<double> FloodAsync(OpenConnection connection)
    {
        const double Seconds = 1;
        double before = (await connection.ReceivedAsync()).Real("bytes");
        _ = await connection.UploadForAsync(Seconds);
        return ((await connection.ReceivedAsync()).Real("bytes") - before) / Seconds / 1e6;
    }
}
