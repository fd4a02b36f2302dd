using System.Collections.Generic;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.Bench.Transport.Contenders;

namespace Darkbloom.Bench.Transport.Rows;

/// <summary>What a flow leaves to the others of a household: to another of its own, and to a download over TCP.</summary>
internal sealed record FairnessRow() : Row("fairness", "two flows on one 100 Mbit bottleneck, 40 ms RTT")
{
    public override async Task<IReadOnlyList<Goal>> MeasureAsync(Lab lab)
    {
        Comparison jain = new("");
        Comparison share = new("");
        double seconds = lab.IsQuick ? 6 : 10;
        for (int repetition = 0; repetition < lab.Repetitions; repetition++)
        {
            AgentPair pair = await lab.LinkAsync(Links.Mbit100, repetition);
            (double first, double second) = await MeasureAsync(pair, Contender.Mesh, "", seconds);
            jain.Add(nameof(Contender.Mesh), (first + second) * (first + second) / (2 * (first * first + second * second)));
            (first, second) = await MeasureAsync(pair, Contender.Tls, "cubic", seconds);
            share.Add(nameof(Contender.Mesh), first / (first + second));
        }
        return
        [
            jain.Value("two own flows, Jain's index", nameof(Contender.Mesh), Bound.AtLeast(0.95)),
            share.Value("share beside kernel CUBIC, not too little", nameof(Contender.Mesh), Bound.AtLeast(0.3)),
            share.Value("share beside kernel CUBIC, not too much", nameof(Contender.Mesh), Bound.AtMost(0.7)),
        ];
    }

    /// <summary>One own flow and another one, begun together.</summary>
    private static async Task<(double First, double Second)> MeasureAsync(AgentPair pair, Contender other, string variant, double seconds)
    {
        double[] rates = await Task.WhenAll(
            WanUpload.MeasureAsync(pair, Contender.Mesh, "", seconds),
            WanUpload.MeasureAsync(pair, other, variant, seconds));
        return (rates[0], rates[1]);
    }
}
