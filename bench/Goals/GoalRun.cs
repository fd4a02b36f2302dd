using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Bench.Load;
using Darkbloom.EndToEnd.Tests;
using Darkbloom.Node.Engines.Llama;
using Darkbloom.Node.Models;

namespace Darkbloom.Bench.Goals;

/// <summary>Measures each goal against its baseline in one run.</summary>
/// <remarks>
/// Baseline and mesh take turns, and take turns at going first: each round compares two neighbours in time, so what slows
/// the machine slows both. A figure is the median over the rounds. Both sides run the same engine with the same slots,
/// threads, template and sampling.
/// </remarks>
internal static class GoalRun
{
    /// <summary>What can be measured alone.</summary>
    public static readonly ImmutableArray<string> Groups = ["packets", "routes", "latency", "engine", "throughput", "memory"];

    private const int LatencyRounds = 400;
    private const int LatencyWarmUpRounds = 200;
    private const int LatencyTokensMax = 12;
    private const int ThroughputTokens = 20;
    private const int ProgressRounds = 12;
    private const int OpenStreamTokens = 64;
    private const int StreamsMax = 8;
    private const int OpenStreams = 200;
    private const int OpenStreamSlots = 16;
    private const int MemorySamples = 50;
    private static readonly TimeSpan MemorySampleInterval = TimeSpan.FromMilliseconds(100);

    /// <param name="only">One of <see cref="Groups"/>; null: all.</param>
    public static async Task<IReadOnlyList<Goal>> MeasureAsync(string? only, TextWriter progress)
    {
        List<Goal> goals = [];
        foreach (string group in Groups.Where(group => only is null || group == only))
        {
            goals.AddRange(group switch
            {
                "packets" => PacketGoals.Measure(),
                "routes" => RouteGoals.Measure(),
                "latency" => await MeasureLatencyAsync(),
                "engine" => await MeasureEngineAsync(),
                "throughput" => await MeasureThroughputAsync(progress),
                _ => [await MeasureOpenStreamsAsync()],
            });
            await progress.WriteLineAsync($"{group} measured");
        }

        return goals;
    }

    /// <summary>What the way through gateway, UDP and node adds to a small model's answer.</summary>
    private static async Task<IEnumerable<Goal>> MeasureLatencyAsync()
    {
        string path = new ModelCatalogue(ModelCatalogue.ShippedDirectory, Path.GetTempPath()).Resolve(ModelCatalogue.BuiltInId).Path;
        await using LlamaEngine engine = await LoadAsync(path, slots: 1);
        await using MeshProcess mesh = await MeshProcess.StartAsync("--nodes", "1", "--threads", "1", "--slots", "1");
        DirectChat direct = new(engine);
        using HttpChat through = new(new Uri(mesh.Url + "/"), mesh.ApiKey, mesh.Model);
        Samples bareFirst = new();
        Samples addedFirst = new();
        Samples addedPerToken = new();
        for (int round = -LatencyWarmUpRounds; round < LatencyRounds; round++)
        {
            string prompt = $"What is {round % 60 + 60} + {round % 9 + 9}?";
            (ChatTiming bare, ChatTiming whole) = await InTurnAsync(
                round,
                () => direct.AskAsync(prompt, LatencyTokensMax, CancellationToken.None),
                () => through.AskAsync(prompt, LatencyTokensMax, CancellationToken.None));
            if (round >= 0)
            {
                bareFirst.Add(bare.FirstTokenMs);
                addedFirst.Add(whole.FirstTokenMs - bare.FirstTokenMs);
                addedPerToken.Add((whole.DecodeMs - bare.DecodeMs) / Math.Max(1, whole.Tokens));
            }
        }

        string note = FormattableString.Invariant($"to {bareFirst.Median:F2} ms of the engine called directly, {LatencyRounds} rounds; {addedFirst.Spread}");
        return
        [
            new Goal("added time to first token, p50", addedFirst.Median, "ms", Bound.AtMost(3), note),
            new Goal("added time to first token, p99", addedFirst.Quantile(0.99), "ms", null, "of the same rounds"),
            new Goal("added time per token, p50", addedPerToken.Median, "ms", null, $"of the same rounds; {addedPerToken.Spread}"),
            new Goal("up, everything built", mesh.ElapsedMs / 1000, "s", Bound.AtMost(10), "one node, from the command to ready"),
            new Goal("gateway, idle", ProcessMemory.ResidentMegabytes(mesh.Members.Single(member => member.Name == "gateway").Pid), "MB", null, "resident, after the rounds above"),
        ];
    }

    private static async Task<IEnumerable<Goal>> MeasureEngineAsync()
    {
        using RandomModelFile model = RandomModelFile.Create();
        return [await EngineGoals.MeasureAsync(model.Path, 1), await EngineGoals.MeasureAsync(model.Path, StreamsMax)];
    }

    /// <summary>A model of realistic size: how much of the engine's speed arrives.</summary>
    /// <remarks>
    /// On a shared machine neighbouring rounds differ by a tenth and more, as others use the memory's bandwidth; many short
    /// rounds find the median where few long ones don't.
    /// </remarks>
    private static async Task<IEnumerable<Goal>> MeasureThroughputAsync(TextWriter progress)
    {
        using RandomModelFile model = RandomModelFile.Create();
        string path = model.Path;
        List<Goal> goals = [];
        await using (MeshProcess mesh = await MeshProcess.StartAsync("--nodes", "1", "--threads", "1", "--slots", $"{StreamsMax}", "--queue", $"{OpenStreams}", "--model", path))
        {
            await using LlamaEngine engine = await LoadAsync(path, StreamsMax);
            DirectChat direct = new(engine);
            using HttpChat through = new(new Uri(mesh.Url + "/"), mesh.ApiKey, mesh.Model);
            foreach ((int streams, int rounds) in new[] { (1, 120), (StreamsMax, 48) })
            {
                Samples bare = new();
                Samples whole = new();
                Samples ratios = new();
                for (int round = -1; round < rounds; round++)
                {
                    (double bareRate, double wholeRate) = await InTurnAsync(
                        round,
                        () => Throughput.DecodeAsync(streams, i => direct.AskAsync(AlikePrompt(round, i), ThroughputTokens, CancellationToken.None)),
                        () => Throughput.DecodeAsync(streams, i => through.AskAsync(AlikePrompt(round, i), ThroughputTokens, CancellationToken.None)));
                    if (round >= 0)
                    {
                        bare.Add(bareRate);
                        whole.Add(wholeRate);
                        ratios.Add(wholeRate / bareRate);
                    }

                    if ((round + 1) % ProgressRounds == 0)
                    {
                        await progress.WriteLineAsync($"throughput, {streams} stream{(streams == 1 ? "" : "s")}: {round + 1} of {rounds} rounds");
                    }
                }

                goals.Add(new Goal(
                    $"decode through the mesh / engine called directly, {streams} stream{(streams == 1 ? "" : "s")}", ratios.Median, "ratio", Bound.AtLeast(0.95),
                    FormattableString.Invariant($"{whole.Median:F1} of {bare.Median:F1} tokens/s, 0.5 B random Q4_0, 1 thread, {rounds} rounds; {ratios.Spread}")));
            }
        }

        return goals;
    }

    /// <summary>Prompts that differ in their last words alone: the time goes into decoding, not into reading prompts.</summary>
    private static string AlikePrompt(int round, int stream) => FormattableString.Invariant($"What is the weather like in a town by the sea? {round} {stream}");

    /// <summary>What many open streams cost: most of them wait for a slot; each is open at the gateway, and kept alive.</summary>
    private static async Task<Goal> MeasureOpenStreamsAsync()
    {
        using RandomModelFile model = RandomModelFile.Create();
        await using MeshProcess mesh = await MeshProcess.StartAsync(
            "--nodes", "1", "--threads", "1", "--slots", $"{OpenStreamSlots}", "--queue", $"{OpenStreams}", "--model", model.Path);
        using HttpChat through = new(new Uri(mesh.Url + "/"), mesh.ApiKey, mesh.Model);
        using CancellationTokenSource leave = new();
        Task<ChatTiming>[] streams = [.. Enumerable.Range(0, OpenStreams).Select(i => through.AskAsync($"{i}", OpenStreamTokens, leave.Token))];
        int gateway = mesh.Members.Single(member => member.Name == "gateway").Pid;
        double peak = 0;
        for (int i = 0; i < MemorySamples; i++)
        {
            await Task.WhenAny([Task.Delay(MemorySampleInterval), .. streams]);
            peak = Math.Max(peak, ProcessMemory.ResidentMegabytes(gateway));
            if (Array.Find(streams, static stream => stream.IsCompleted) is { } ended)
            {
                // Whoever ends early has failed, or the others would have to wait for too short a time to be measured.
                _ = await ended;
                break;
            }
        }

        await leave.CancelAsync();
        await Task.WhenAll(streams.Select(stream => stream.ContinueWith(_ => { }, TaskScheduler.Default)));
        return new Goal($"gateway with {OpenStreams} open streams", peak, "MB", Bound.AtMost(150), "resident, highest while all are open");
    }

    /// <summary>Runs both, in one order in even rounds and in the other in odd ones.</summary>
    private static async Task<(T Bare, T Whole)> InTurnAsync<T>(int round, Func<Task<T>> bare, Func<Task<T>> whole)
    {
        if (round % 2 == 0)
        {
            T first = await bare();
            return (first, await whole());
        }

        T second = await whole();
        return (await bare(), second);
    }

    private static Task<LlamaEngine> LoadAsync(string path, int slots) => LlamaEngine.LoadAsync(
        new LlamaEngineOptions { ModelPath = path, ModelId = Path.GetFileNameWithoutExtension(path), Slots = slots, QueueMax = OpenStreams, Threads = 1 },
        CancellationToken.None);
}
