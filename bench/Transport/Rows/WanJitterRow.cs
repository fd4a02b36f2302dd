using System.Collections.Generic;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.Bench.Transport.Contenders;

namespace Darkbloom.Bench.Transport.Rows;

/// <summary>Packets that overtake each other: who takes that for loss sends twice.</summary>
internal sealed record WanJitterRow() : Row("wan-jitter", "40 ms RTT, 50 Mbit, 2 % loss, 4 ms jitter")
{
    private const string TlsBbr = "TLS over BBR";

    public override async Task<IReadOnlyList<Goal>> MeasureAsync(Lab lab)
    {
        Comparison rates = new("MB/s");
        Comparison spurious = new("%");
        double seconds = lab.IsQuick ? 3 : 5;
        for (int repetition = 0; repetition < lab.Repetitions; repetition++)
        {
            AgentPair pair = await lab.LinkAsync(Links.Mbit50Loss2Jitter4, repetition);
            await using (OpenConnection connection = await pair.OpenAsync(Contender.Mesh))
            {
                rates.Add(nameof(Contender.Mesh), await WanUpload.MeasureAsync(connection, seconds));
                AgentMessage counts = await connection.StatisticsAsync();
                spurious.Add(nameof(Contender.Mesh), 100 * counts.Real("spurious") / counts.Real("sent"));
            }
            rates.Add(TlsBbr, await WanUpload.MeasureAsync(pair, Contender.Tls, "bbr", seconds));
        }
        return
        [
            rates.Share("2 % loss and jitter, share of the link", nameof(Contender.Mesh), Links.MegabytesPerSecond(Links.Mbit50Loss2Jitter4), Bound.AtLeast(0.8)),
            rates.Ratio("2 % loss and jitter / TLS over BBR", nameof(Contender.Mesh), TlsBbr, null),
            spurious.Value("2 % loss and jitter, sent again for nothing", nameof(Contender.Mesh), Bound.AtMost(1)),
        ];
    }
}
