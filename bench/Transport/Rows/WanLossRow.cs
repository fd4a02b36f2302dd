using System.Collections.Generic;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.Bench.Transport.Contenders;

namespace Darkbloom.Bench.Transport.Rows;

/// <summary>Where congestion control decides: losses that mean nothing.</summary>
internal sealed record WanLossRow() : Row("wan-loss", "40 ms RTT, 100 Mbit, 1 % loss")
{
    private const string TlsBbr = "TLS over BBR";
    private const string TlsCubic = "TLS over CUBIC";

    public override async Task<IReadOnlyList<Goal>> MeasureAsync(Lab lab)
    {
        Comparison rates = new("MB/s");
        double seconds = lab.IsQuick ? 3 : 5;
        for (int repetition = 0; repetition < lab.Repetitions; repetition++)
        {
            AgentPair pair = await lab.LinkAsync(Links.Mbit100Loss1, repetition);
            rates.Add(nameof(Contender.Mesh), await WanUpload.MeasureAsync(pair, Contender.Mesh, "", seconds));
            rates.Add(TlsBbr, await WanUpload.MeasureAsync(pair, Contender.Tls, "bbr", seconds));
            rates.Add(TlsCubic, await WanUpload.MeasureAsync(pair, Contender.Tls, "cubic", seconds));
            rates.Add(nameof(Contender.FixedWindow), await WanUpload.MeasureAsync(pair, Contender.FixedWindow, "", seconds));
        }
        return
        [
            rates.Share("1 % loss, share of the link", nameof(Contender.Mesh), Links.MegabytesPerSecond(Links.Mbit100Loss1), Bound.AtLeast(0.9)),
            rates.Ratio("1 % loss / fixed window", nameof(Contender.Mesh), nameof(Contender.FixedWindow), Bound.AtLeast(8)),
            rates.Ratio("1 % loss / TLS over BBR", nameof(Contender.Mesh), TlsBbr, Bound.AtLeast(0.95)),
            rates.Ratio("1 % loss / TLS over CUBIC", nameof(Contender.Mesh), TlsCubic, Bound.AtLeast(10)),
        ];
    }
}
