using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.EndToEnd.Tests;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Bench.Failover;

/// <summary>Leaves answers in the middle, and looks whether the engines go on for nobody.</summary>
internal static class CancelRun
{
    private const int TokensMax = 200;
    private const int PiecesMax = 12;
    private const int Together = 8;
    private const int TokensAfterMax = 3;

    /// <summary>Cancels one after the other, whose tokens are counted.</summary>
    private const int CountedCancels = 60;
    private static readonly TimeSpan _settle = TimeSpan.FromMilliseconds(400);
    private static readonly RequestClass _kind = RequestClass.All[0];

    public static async Task<IReadOnlyList<Goal>> MeasureAsync(HttpClient http, MeshProcess mesh, int cancels)
    {
        List<EngineThread> engines = [.. mesh.Nodes.Select(static node => EngineThread.Of(node))];
        double before = Ran(engines);
        StreamedAnswer whole = await StreamedAnswer.ReadAsync(http, _kind.Body(mesh.Model, 0, TokensMax), static _ => true);
        double msPerToken = (Ran(engines) - before) / whole.Pieces;

        Samples after = new();
        Prng prng = new(1);
        for (int i = 0; i < Math.Min(cancels, CountedCancels); i++)
        {
            await LeaveAsync(http, mesh.Model, i, 1 + prng.Next(PiecesMax));
            double left = Ran(engines);
            await Task.Delay(_settle);
            after.Add((Ran(engines) - left) / msPerToken);
        }

        for (int done = after.Count; done < cancels; done += Together)
        {
            await Task.WhenAll(Enumerable.Range(done, Math.Min(Together, cancels - done)).Select(
                seed => LeaveAsync(http, mesh.Model, seed, 1 + prng.Next(PiecesMax))));
        }

        await Task.Delay(_settle);
        List<double> settled = [.. engines.Select(static engine => engine.RanMs)];
        await Task.Delay(_settle);
        int zombies = engines.Zip(settled).Count(pair => pair.First.RanMs - pair.Second > msPerToken);
        return
        [
            new Goal("cancelled: tokens computed afterwards, p50", after.Median, "", null, $"{after.Count} cancels, by the engine's processor time"),
            new Goal("cancelled: tokens computed afterwards, p99", after.Quantile(0.99), "", Bound.AtMost(TokensAfterMax), $"{after.Count} cancels, by the engine's processor time"),
            new Goal("cancelled: engines that go on", zombies, "", Bound.AtMost(0), $"after {cancels} cancels"),
        ];
    }

    private static double Ran(List<EngineThread> engines) => engines.Sum(static engine => engine.RanMs);

    private static async Task LeaveAsync(HttpClient http, string model, int seed, int pieces) =>
        _ = await StreamedAnswer.ReadAsync(http, _kind.Body(model, seed, TokensMax), answer => answer.Pieces < pieces);
}
