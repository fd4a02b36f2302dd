using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Load;
using Darkbloom.EndToEnd.Tests;
using Darkbloom.RandomModel;

namespace Darkbloom.Bench.Failover;

/// <summary>Kills the node that serves a stream, again and again, and compares what the client got with an undisturbed run.</summary>
/// <remarks>Real processes, real llama.cpp, kill -9. Each mesh loses all of its nodes but one.</remarks>
internal static class FailoverRun
{
    public const int KillsDefault = 70;

    private const int NodesPerMesh = 4;
    private const int TokensMax = 160;
    private const int FirstPieceKilled = 8;
    private const int PiecesToKillIn = 60;

    /// <summary>Small enough to start fast, slow enough to be killed in the middle of an answer.</summary>
    private static readonly RandomModelShape _shape = new() { Width = 512, Layers = 16, Heads = 8, FeedForwardWidth = 2048 };

    public static async Task<IReadOnlyList<Goal>> MeasureAsync(int kills, TextWriter progress)
    {
        using RandomModelFile model = RandomModelFile.Create(_shape);
        List<Kill> done = [];
        while (done.Count < kills)
        {
            await using MeshProcess mesh = await MeshProcess.StartAsync(
                "--nodes", $"{NodesPerMesh}", "--threads", "1", "--model", model.Path);
            using HttpClient http = new() { BaseAddress = new Uri(mesh.Url + "/"), Timeout = MeshProcess.PatienceMax };
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", mesh.ApiKey);
            List<MeshMember> alive = [.. mesh.Nodes];
            while (alive.Count > 1 && done.Count < kills)
            {
                Kill kill = await KillAsync(http, mesh.Model, alive, done.Count);
                done.Add(kill);
                await progress.WriteLineAsync(FormattableString.Invariant(
                    $"{done.Count}/{kills} {kill.Class}: {(kill.IsEqual ? "equal" : kill.IsFinished ? "DIFFERS" : "BROKEN")}, gap {kill.GapMs:F0} ms"));
            }
        }

        return [.. Goals(done)];
    }

    private static async Task<Kill> KillAsync(HttpClient http, string model, List<MeshMember> alive, int number)
    {
        RequestClass kind = RequestClass.All[number % RequestClass.All.Count];
        string body = kind.Body(model, number, TokensMax);
        StreamedAnswer undisturbed = await StreamedAnswer.ReadAsync(http, body, static _ => { });
        int killedAt = FirstPieceKilled + (number * 7 % Math.Min(PiecesToKillIn, Math.Max(1, undisturbed.Pieces - (2 * FirstPieceKilled))));
        ProcessorTime work = new(alive);
        StreamedAnswer disturbed = await StreamedAnswer.ReadAsync(http, body, answer =>
        {
            if (answer.Pieces == killedAt)
            {
                MeshMember victim = work.Busiest;
                Signals.Send(victim.Pid, Signals.Kill);
                alive.Remove(victim);
            }
        });
        return new Kill(
            kind.Name, disturbed.IsFinished, disturbed.IsFinished && disturbed.Text == undisturbed.Text, disturbed.LongestGapMs);
    }

    private static IEnumerable<Goal> Goals(List<Kill> done)
    {
        Samples gaps = new();
        done.ForEach(kill => gaps.Add(kill.GapMs));
        string note = $"{done.Count} kills of the serving node, 3 or fewer others left";
        yield return new Goal("streams that finish", done.Average(static kill => kill.IsFinished ? 1.0 : 0), "share", Bound.AtLeast(1), note);
        yield return new Goal("equal to the undisturbed answer", done.Average(static kill => kill.IsEqual ? 1.0 : 0), "share", Bound.AtLeast(0.995), note);
        foreach (IGrouping<string, Kill> kind in done.GroupBy(static kill => kill.Class))
        {
            yield return new Goal($"equal, {kind.Key}", kind.Average(static kill => kill.IsEqual ? 1.0 : 0), "share", null, $"{kind.Count()} kills");
        }

        yield return new Goal("gap that the client sees, p50", gaps.Median, "ms", null, note);
        yield return new Goal("gap that the client sees, p99", gaps.Quantile(0.99), "ms", Bound.AtMost(1500), note);
    }

    private sealed record Kill(string Class, bool IsFinished, bool IsEqual, double GapMs);
}
