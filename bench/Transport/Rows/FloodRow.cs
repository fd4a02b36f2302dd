using System.Collections.Generic;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.Bench.Transport.Contenders;

namespace Darkbloom.Bench.Transport.Rows;

/// <summary>An upload that goes on while strangers knock.</summary>
/// <remarks>
/// The flood is made on the same processors. In the other half of each repetition it goes to a socket that nobody reads:
/// what differs is what the peer spends on it.
/// </remarks>
internal sealed record FloodRow() : Row("flood", "50,000 spoofed Inits a second beside an upload, 100 Mbit, 40 ms RTT")
{
    private const int InitsPerSecond = 50_000;
    private const string Calm = "flood elsewhere";
    private const string Flooded = "flood at the peer";

    public override async Task<IReadOnlyList<Goal>> MeasureAsync(Lab lab)
    {
        Comparison rates = new("MB/s");
        Comparison growth = new("MB");
        Comparison achieved = new("/s");
        double seconds = lab.IsQuick ? 3 : 5;
        for (int repetition = 0; repetition < lab.Repetitions; repetition++)
        {
            AgentPair pair = await lab.LinkAsync(Links.Mbit100, repetition);
            await using AgentProcess flooder = AgentProcess.Start(pair.Link!.Right);
            AgentMessage peer = await pair.ListenAsync(Contender.Mesh);
            await using OpenConnection connection = await pair.OpenAsync(Contender.Mesh);
            _ = await WanUpload.MeasureAsync(connection, seconds / 2); // slow start is behind it
            foreach (string target in new[] { Calm, Flooded })
            {
                double residentBefore = (await pair.Server.AskAsync("process")).Real("resident");
                Task<AgentMessage> flooding = flooder.AskAsync(
                    "flood",
                    ("address", pair.Link.Right.Address.ToString()), ("key", peer.Text("key")), ("port", target == Flooded ? peer.Whole("port") : 0),
                    ("per_second", InitsPerSecond), ("seconds", seconds));
                rates.Add(target, await WanUpload.MeasureAsync(connection, seconds));
                achieved.Add(target, (await flooding).Real("per_second"));
                growth.Add(target, ((await pair.Server.AskAsync("process")).Real("resident") - residentBefore) / 1e6);
            }
        }
        return
        [
            rates.Ratio("upload under 50,000 spoofed Inits/s", Flooded, Calm, Bound.AtLeast(0.8)),
            growth.Value("memory that the flood adds", Flooded, Bound.AtMost(16)),
            achieved.Value("Inits sent", Flooded, Bound.AtLeast(0.98 * InitsPerSecond)),
        ];
    }
}
