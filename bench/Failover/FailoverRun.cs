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

/// <summary>Takes away the node that serves a stream, again and again, and compares what the client got with an undisturbed run.</summary>
/// <remarks>Real processes, real llama.cpp, signals. Each mesh loses all of its nodes but one.</remarks>
internal static class FailoverRun
{
    private const int NodesPerMesh = 6;
    private const int TokensMax = 80;

    /// <summary>Pieces before the loss, and at least as many after it.</summary>
    private const int PiecesAround = 8;
    private const int PiecesToLoseIn = 50;

    /// <summary>Distance between the seeds that are tried for one loss, for when an answer is too short.</summary>
    private const int SeedStep = 100_000;
    private const int SeedsMax = 20;

    /// <summary>Small enough to start fast, slow enough to be lost in the middle of an answer.</summary>
    private static readonly RandomModelShape _shape = new() { Width = 512, Layers = 8, Heads = 8, FeedForwardWidth = 2048 };

    public static async Task<IReadOnlyList<Goal>> MeasureAsync(FailoverOptions options, TextWriter progress)
    {
        LossFile file = options.Continues ? LossFile.Continue(options.Losses) : LossFile.Create(options.Losses);
        using RandomModelFile model = RandomModelFile.Create(_shape);
        Queue<LossKind> due = new(Enumerable.Repeat(LossKind.Kill, options.Kills).Concat(Enumerable.Repeat(LossKind.Drain, options.Drains)));
        while (due.Count > 0)
        {
            await using MeshProcess mesh = await StartAsync(model, NodesPerMesh);
            using HttpClient http = Client(mesh);
            await WarmUpAsync(http, mesh.Model);
            List<MeshMember> alive = [.. mesh.Nodes];
            while (alive.Count > 1 && due.TryDequeue(out LossKind kind))
            {
                Loss loss = await LoseAsync(http, mesh.Model, alive, kind, file.Losses.Count);
                file.Add(loss);
                string result = loss.IsEqual ? "equal" : loss.IsFinished ? "DIFFERS" : "BROKEN";
                await progress.WriteLineAsync(FormattableString.Invariant(
                    $"{due.Count} left. {kind}, {loss.Class}: {result}, gap {loss.GapMs:F0} ms, engine {loss.EngineMs:F0} ms"));
            }
        }

        return [.. FailoverGoals.Of(file.Losses), .. await CancelAsync(model, options.Cancels)];
    }

    private static async Task<IReadOnlyList<Goal>> CancelAsync(RandomModelFile model, int cancels)
    {
        if (cancels == 0)
        {
            return [];
        }

        await using MeshProcess mesh = await StartAsync(model, nodes: 2);
        using HttpClient http = Client(mesh);
        await WarmUpAsync(http, mesh.Model);
        return await CancelRun.MeasureAsync(http, mesh, cancels);
    }

    private static Task<MeshProcess> StartAsync(RandomModelFile model, int nodes) =>
        MeshProcess.StartAsync("--nodes", $"{nodes}", "--threads", "1", "--model", model.Path);

    private static HttpClient Client(MeshProcess mesh)
    {
        // A client that leaves must not read on in secret to save its connection.
        SocketsHttpHandler handler = new() { ResponseDrainTimeout = TimeSpan.Zero };
        HttpClient http = new(handler) { BaseAddress = new Uri(mesh.Url + "/"), Timeout = MeshProcess.PatienceMax };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", mesh.ApiKey);
        return http;
    }

    /// <summary>Has every node serve once: compiling code at its first use is no part of a gap.</summary>
    private static async Task WarmUpAsync(HttpClient http, string model) => await Task.WhenAll(
        Enumerable.Range(0, 3 * NodesPerMesh).Select(seed =>
            StreamedAnswer.ReadAsync(http, RequestClass.All[seed % RequestClass.All.Count].Body(model, seed, TokensMax), static _ => true)));

    private static async Task<Loss> LoseAsync(HttpClient http, string model, List<MeshMember> alive, LossKind how, int number)
    {
        RequestClass kind = RequestClass.All[number % RequestClass.All.Count];
        (string body, StreamedAnswer undisturbed) = await AnswerAsync(http, model, kind, number);
        int lostAt = PiecesAround + (number * 7 % Math.Min(PiecesToLoseIn, Math.Max(1, undisturbed.Pieces - (2 * PiecesAround))));
        TimeSpan lostAfter = undisturbed.Duration * (0.2 + (number * 7 % 50 * 0.01));
        ProcessorTime work = new(alive);
        Task<double?>? lost = null;
        StreamedAnswer disturbed = await StreamedAnswer.ReadAsync(http, body, answer =>
        {
            if (lost is null && (!kind.IsStreamed || answer.Pieces == lostAt))
            {
                lost = LoseAsync(work, alive, how, kind.IsStreamed ? TimeSpan.Zero : lostAfter);
                answer.OnLoss();
            }
        });
        double? engineMs = await (lost ?? throw new InvalidOperationException("The answer ended before its node was lost."));
        return new Loss(
            how, kind.Name, disturbed.IsFinished, disturbed.IsFinished && disturbed.Text == undisturbed.Text,
            kind.IsStreamed ? disturbed.LongestGapMs : null, engineMs);
    }

    /// <summary>Takes the node at work away, and tells how long its engine still ran if the node may say goodbye.</summary>
    private static async Task<double?> LoseAsync(ProcessorTime work, List<MeshMember> alive, LossKind how, TimeSpan after)
    {
        await Task.Delay(after);
        MeshMember victim = work.Busiest;
        alive.Remove(victim);
        Task<double>? engine = how == LossKind.Drain ? EngineThread.Of(victim).FollowAsync() : null;
        Signals.Send(victim.Pid, how == LossKind.Drain ? Signals.Terminate : Signals.Kill);
        return engine is null ? null : await engine;
    }

    /// <summary>An undisturbed answer that is long enough to lose its node in the middle.</summary>
    private static async Task<(string Body, StreamedAnswer Answer)> AnswerAsync(HttpClient http, string model, RequestClass kind, int number)
    {
        for (int seed = 0; seed < SeedsMax; seed++)
        {
            string body = kind.Body(model, number + (seed * SeedStep), TokensMax);
            StreamedAnswer answer = await StreamedAnswer.ReadAsync(http, body, static _ => true);
            if (!kind.IsStreamed || answer.Pieces >= 2 * PiecesAround)
            {
                return (body, answer);
            }
        }

        throw new InvalidOperationException($"No answer of the kind '{kind.Name}' has enough pieces.");
    }
}
