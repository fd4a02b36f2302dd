using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Node.Engines.Llama;
using Darkbloom.Node.Engines.Llama.Sampling;
using Xunit;
using Sampling = Darkbloom.Protocol.Schema.Sampling;

namespace Darkbloom.Node.Tests.Engines;

public sealed class ContinuationTests
{
    private const string Messages = """[{"role":"user","content":"Tell me a story."}]""";

    [Fact]
    public async Task Another_engine_goes_on_from_any_token_as_if_nothing_had_happened()
    {
        using LlamaModel model = LlamaModel.Load(EngineFixture.ModelPath, gpuLayers: 0);
        using ChatTemplates templates = new(model, EngineFixture.ModelPath);
        await using EngineLoop first = new(model, new LlamaContext(model, 2, 320, threads: 1), slots: 2, queueMax: 4);
        await using EngineLoop second = new(model, new LlamaContext(model, 2, 320, threads: 1), slots: 2, queueMax: 4);
        for (ulong seed = 0; seed < 5; seed++)
        {
            (int Token, string Text)[] whole = await RunAsync(first, model, templates, seed, []);
            Assert.True(whole.Length > 10, "the answer is too short to be cut");
            foreach (int cut in new[] { 1, whole.Length / 2, whole.Length - 1 })
            {
                int[] told = [.. whole.Take(cut).Select(w => w.Token)];
                (int Token, string Text)[] rest = await RunAsync(second, model, templates, seed, told);

                Assert.Equal(whole.Skip(cut), rest);
            }
        }
    }

    private static async Task<(int Token, string Text)[]> RunAsync(
        EngineLoop loop, LlamaModel model, ChatTemplates templates, ulong seed, int[] told)
    {
        Sampling sampling = new() { Temperature = 1, TopP = 0.95f, FrequencyPenalty = 0.5f, Seed = seed };
        Assert.True(SamplingSettings.TryCreate(sampling, out SamplingSettings settings, out _));
        ChatPrompt prompt = templates.Render(new ChatRequestJson(Messages, "", "", "", false))!;
        using Generation generation = new(prompt, [.. model.Tokenize(prompt.Text), .. told], loop.Wake)
        {
            Settings = settings,
            Stops = ["never mind this"],
            PreservedTokens = new HashSet<int>(),
            Choices = 1,
            OutputTokensMax = 60,
            ReplayedTokens = told.Length,
        };
        Assert.True(await loop.TrySubmitAsync(generation, CancellationToken.None));
        List<(int Token, string Text)> tokens = [];
        await foreach (EngineEvent e in generation.ReadAllAsync(CancellationToken.None))
        {
            if (e.Kind == EngineEventKind.Token)
            {
                tokens.Add((e.First, e.Text));
            }

            generation.OnRead();
        }

        return [.. tokens];
    }
}
