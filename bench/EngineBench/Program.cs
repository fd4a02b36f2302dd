using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Node.Engines.Llama;
using Darkbloom.Protocol.Schema;
using Darkbloom.RandomModel;
using Google.Protobuf;

namespace Darkbloom.EngineBench;

/// <summary>
/// Decode throughput of the engine, streams and all, against bare llama_decode calls with the same model, context and
/// threads in the same process; the two take turns, so that a busy machine slows both. "CPU ratio" compares the
/// processor time of the whole process per token, which other programs disturb less.
/// </summary>
internal static class Program
{
    private const int PromptTokens = 64;
    private const int OutputTokens = 64;
    private const int Rounds = 5;

    private static async Task<int> Main(string[] args)
    {
        int threads = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1;
        string path = args.Length > 1 ? args[1] : Path.Combine(Path.GetTempPath(), $"darkbloom-random-{Environment.ProcessId}.gguf");
        bool isOurs = !File.Exists(path);
        try
        {
            if (isOurs)
            {
                RandomModelWriter.Write(path, RandomModelShape.HalfBillion, TensorType.Q4_0);
            }

            Console.WriteLine($"{Environment.ProcessorCount} processors, {threads} threads, {new FileInfo(path).Length / 1_000_000} MB, "
                + $"prompt {PromptTokens}, {OutputTokens} tokens a stream, median of {Rounds}");
            Console.WriteLine("streams  sampling        bare tok/s  engine tok/s  ratio  CPU ratio  allocated B/token");
            foreach (int streams in new[] { 1, 8 })
            {
                await CompareAsync(path, threads, streams, new Sampling { TopP = 1 }, "greedy");
                await CompareAsync(path, threads, streams, new Sampling { Temperature = 1, TopP = 0.95f }, "T=1 top_p=.95");
            }

            return 0;
        }
        finally
        {
            if (isOurs)
            {
                File.Delete(path);
            }
        }
    }

    private static async Task CompareAsync(string path, int threads, int streams, Sampling sampling, string name)
    {
        await using LlamaEngine engine = await LlamaEngine.LoadAsync(
            new LlamaEngineOptions { ModelPath = path, ModelId = "random", Slots = streams, Threads = threads, ContextTokensPerSlot = 512 },
            CancellationToken.None);
        using LlamaModel model = LlamaModel.Load(path, gpuLayers: -1);
        using LlamaContext context = new(model, streams, 512, threads);
        List<double> bare = [];
        List<double> served = [];
        List<double> ratios = [];
        List<double> costs = [];
        long allocated = 0;
        for (int round = 0; round <= Rounds; round++)
        {
            (double bareRate, double bareCost) = Bare(context, streams);
            long before = GC.GetTotalAllocatedBytes(precise: true);
            (double servedRate, double servedCost) = await ServedAsync(engine, streams, sampling, round);
            if (round == 0)
            {
                continue; // pages, caches and compiled code are warm from here on
            }

            allocated += GC.GetTotalAllocatedBytes(precise: true) - before;
            bare.Add(bareRate);
            served.Add(servedRate);
            ratios.Add(servedRate / bareRate);
            costs.Add(bareCost / servedCost);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{streams,7}  {name,-14}  {Median(bare),10:F1}  {Median(served),12:F1}  {Median(ratios),5:F3}  {Median(costs),9:F3}  {allocated / (Rounds * streams * OutputTokens),17}"));
    }

    // The same batches without slots, queues, sampling or text; the token is fixed.
    private static (double Rate, double Cost) Bare(LlamaContext context, int streams)
    {
        for (int sequence = 0; sequence < streams; sequence++)
        {
            context.Clear(sequence);
            context.ClearBatch();
            for (int position = 0; position < PromptTokens; position++)
            {
                context.Add(300 + position, position, sequence, position == PromptTokens - 1);
            }

            Check(context.Decode());
        }

        Moment started = Moment.Now;
        for (int position = PromptTokens; position < PromptTokens + OutputTokens - 1; position++)
        {
            context.ClearBatch();
            for (int sequence = 0; sequence < streams; sequence++)
            {
                context.Add(300 + position, position, sequence, wantsLogits: true);
            }

            Check(context.Decode());
            Check(!context.Logits(0).IsEmpty);
        }

        return Moment.Now.Since(started, streams * (OutputTokens - 1));
    }

    // From the moment when all streams decode to the moment when the first ends: prefill is no part of it.
    private static async Task<(double Rate, double Cost)> ServedAsync(LlamaEngine engine, int streams, Sampling sampling, int round)
    {
        Moment[][] times = await Task.WhenAll(Enumerable.Range(0, streams).Select(stream => ReadAsync(engine, sampling, (round * 100) + stream)));
        Moment start = times.Select(static t => t[0]).MaxBy(static moment => moment.Timestamp);
        Moment end = times.Select(static t => t[^1]).MinBy(static moment => moment.Timestamp);
        return end.Since(start, times.Sum(t => t.Count(m => m.Timestamp > start.Timestamp && m.Timestamp <= end.Timestamp)));
    }

    private static async Task<Moment[]> ReadAsync(LlamaEngine engine, Sampling sampling, int seed)
    {
        Sampling own = sampling.Clone();
        own.Seed = (ulong)seed;
        GenerateRequest request = new()
        {
            RequestId = ByteString.CopyFrom(new byte[16]),
            Messages = { new ChatMessage { Role = "user", Content = string.Concat(Enumerable.Range(seed, 40).Select(i => (char)('a' + (i % 26)))) } },
            Sampling = own,
            Choices = 1,
            OutputTokensMax = OutputTokens,
        };
        List<Moment> times = [];
        await foreach (NodeResponse response in engine.GenerateAsync(request, CancellationToken.None))
        {
            if (response.BodyCase == NodeResponse.BodyOneofCase.Delta && response.Delta.TokenIds.Count > 0)
            {
                times.Add(Moment.Now);
            }
        }

        return [.. times];
    }

    private static void Check(bool isGood)
    {
        if (!isGood)
        {
            throw new InvalidOperationException("llama.cpp failed");
        }
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
