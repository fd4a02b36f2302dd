using System;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Bench.Load;
using Darkbloom.Node.Engines.Llama;

namespace Darkbloom.Bench.Goals;

/// <summary>What the engine's slots, queues, sampling and text cost over bare llama_decode calls in the same process.</summary>
internal static class EngineGoals
{
    private const int PromptTokens = 64;
    private const int OutputTokens = 64;
    private const int ContextTokens = 512;
    private const int Rounds = 5;
    private const int FirstToken = 300;

    public static async Task<Goal> MeasureAsync(string path, int streams)
    {
        await using LlamaEngine engine = await LlamaEngine.LoadAsync(
            new LlamaEngineOptions { ModelPath = path, ModelId = "random", Slots = streams, Threads = 1, ContextTokensPerSlot = ContextTokens },
            CancellationToken.None);
        using LlamaModel model = LlamaModel.Load(path, gpuLayers: -1);
        using LlamaContext context = new(model, streams, ContextTokens, threads: 1);
        DirectChat direct = new(engine);
        Samples bare = new();
        Samples served = new();
        Samples ratios = new();
        for (int round = -1; round < Rounds; round++)
        {
            double bareRate = Bare(context, streams);
            double servedRate = await Throughput.DecodeAsync(streams, i => direct.AskAsync(Prompt(round, i), OutputTokens, CancellationToken.None));
            if (round >= 0)
            {
                bare.Add(bareRate);
                served.Add(servedRate);
                ratios.Add(servedRate / bareRate);
            }
        }

        return new Goal(
            $"decode by the engine / bare llama.cpp, {streams} stream{(streams == 1 ? "" : "s")}", ratios.Median, "ratio", Bound.AtLeast(0.95),
            FormattableString.Invariant($"{served.Median:F1} of {bare.Median:F1} tokens/s, {Rounds} rounds taking turns"));
    }

    /// <summary>No two prompts share a prefix worth caching.</summary>
    internal static string Prompt(int round, int stream) => FormattableString.Invariant($"{stream} {round} what is the weather like in a town by the sea?");

    /// <summary>The same batches without slots, queues, sampling or text; the tokens are fixed.</summary>
    private static double Bare(LlamaContext context, int streams)
    {
        for (int sequence = 0; sequence < streams; sequence++)
        {
            context.Clear(sequence);
            context.ClearBatch();
            for (int position = 0; position < PromptTokens; position++)
            {
                context.Add(FirstToken + position, position, sequence, position == PromptTokens - 1);
            }

            Decode(context);
        }

        long started = Stopwatch.GetTimestamp();
        for (int position = PromptTokens; position < PromptTokens + OutputTokens - 1; position++)
        {
            context.ClearBatch();
            for (int sequence = 0; sequence < streams; sequence++)
            {
                context.Add(FirstToken + position, position, sequence, wantsLogits: true);
            }

            Decode(context);
            _ = context.Logits(0);
        }

        return streams * (OutputTokens - 1) / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static void Decode(LlamaContext context)
    {
        if (!context.Decode())
        {
            throw new InvalidOperationException("llama.cpp could not compute a batch.");
        }
    }
}
