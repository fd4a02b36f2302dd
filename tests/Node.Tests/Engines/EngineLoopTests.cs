using System;
using System.Collections;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Node.Engines.Llama;
using Darkbloom.Node.Engines.Llama.Sampling;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Node.Tests.Engines;

public sealed class EngineLoopTests
{
    [Fact]
    public async Task A_request_that_the_loop_fails_on_ends_and_the_next_one_is_served()
    {
        using LlamaModel model = LlamaModel.Load(EngineFixture.ModelPath, gpuLayers: 0);
        using ChatTemplates templates = new(model, EngineFixture.ModelPath);
        await using EngineLoop loop = new(model, new LlamaContext(model, 1, 256, 1), slots: 1, queueMax: 4);

        EngineEvent failed = await RunAsync(loop, model, templates, new Unreadable());
        EngineEvent served = await RunAsync(loop, model, templates, []);

        Assert.Equal(InferenceFault.EngineFailed, failed.Fault);
        Assert.DoesNotContain(Unreadable.Secret, failed.Text, StringComparison.Ordinal);
        Assert.Equal(InferenceFault.None, served.Fault);
    }

    /// <summary>The event that ends a request with these stops.</summary>
    private static async Task<EngineEvent> RunAsync(
        EngineLoop loop, LlamaModel model, ChatTemplates templates, IReadOnlyCollection<string> stops)
    {
        GenerateRequest request = Ask.Request("Hello");
        Assert.True(SamplingSettings.TryCreate(request.Sampling, out SamplingSettings settings, out _));
        Assert.True(RequestReader.TryRead(request, model.Special, out ChatRequestJson? json, out _));
        ChatPrompt prompt = templates.Render(json!)!;
        using Generation generation = new(prompt, model.Tokenize(prompt.Text), loop.Wake)
        {
            Settings = settings,
            Stops = stops,
            PreservedTokens = new HashSet<int>(),
            Told = [ToldTokens.Nothing],
            Choices = 1,
            OutputTokensMax = 4,
        };
        Assert.True(await loop.TrySubmitAsync(generation, CancellationToken.None));
        EngineEvent last = default;
        await foreach (EngineEvent e in generation.ReadAllAsync(CancellationToken.None))
        {
            last = e;
            generation.OnRead();
        }

        return last;
    }

    /// <summary>Throws on the engine's thread.</summary>
    private sealed class Unreadable : IReadOnlyCollection<string>
    {
        public const string Secret = "what the prompt said";

        public int Count => 1;

        public IEnumerator<string> GetEnumerator() => throw new InvalidOperationException(Secret);

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
