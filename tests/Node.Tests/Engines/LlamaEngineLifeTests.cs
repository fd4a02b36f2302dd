using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Node.Engines.Llama;
using Darkbloom.Node.Models;
using Darkbloom.Protocol.Schema;
using Xunit;
using Directory = System.IO.Directory;

namespace Darkbloom.Node.Tests.Engines;

public sealed class LlamaEngineLifeTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("darkbloom-engine-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Disposing_ends_running_and_waiting_requests_as_drained()
    {
        LlamaEngine engine = await LlamaEngine.LoadAsync(EngineFixture.Options with { Slots = 1 }, CancellationToken.None);
        await using IAsyncEnumerator<NodeResponse> running =
            engine.GenerateAsync(Ask.Request("Tell me a story."), CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await running.MoveNextAsync());
        Task<Answer>[] waiting = [.. Enumerable.Range(0, 5).Select(_ => engine.AskAsync(Ask.Request("Tell me a story.")))];

        await engine.DisposeAsync();
        Answer first = new();
        while (await running.MoveNextAsync())
        {
            first.Add(running.Current);
        }

        Assert.NotNull(first.End);
        Assert.All(await Task.WhenAll(waiting), answer =>
            Assert.True(answer.End!.Fault is InferenceFault.Drained or InferenceFault.None));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => engine.AskAsync(Ask.Request("Hello")));
    }

    [Fact]
    public async Task An_engine_can_be_disposed_twice()
    {
        LlamaEngine engine = await LlamaEngine.LoadAsync(EngineFixture.Options, CancellationToken.None);
        await engine.DisposeAsync();
        await engine.DisposeAsync();
    }

    [Fact]
    public async Task A_full_queue_makes_later_requests_wait_and_loses_none()
    {
        await using LlamaEngine engine = await LlamaEngine.LoadAsync(
            EngineFixture.Options with { Slots = 1, QueueMax = 1 }, CancellationToken.None);
        Answer[] answers = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => engine.AskAsync(Ask.Request("What is the capital of Japan?"))));

        Assert.All(answers, answer => Assert.Equal("The capital of Japan is Tokyo.", answer.Text));
    }

    [Fact]
    public async Task Speeds_are_measured()
    {
        await using LlamaEngine engine = await LlamaEngine.LoadAsync(EngineFixture.Options, CancellationToken.None);
        Assert.Equal(0, engine.Speed.DecodeTokensPerSecond);

        await engine.AskAsync(Ask.Request("Tell me a story."));
        Assert.True(engine.Speed.DecodeTokensPerSecond > 0);
    }

    [Theory]
    [InlineData("empty", "empty")]
    [InlineData("text", "not a GGUF file")]
    [InlineData("half", "truncated")]
    [InlineData("header", "truncated")]
    [InlineData("version", "GGUF version 99")]
    [InlineData("missing", "cannot be read")]
    [InlineData("vocabulary", "llama.cpp cannot load it")]
    public async Task A_file_that_is_no_model_is_named_with_the_reason(string kind, string reason)
    {
        string path = Path.Combine(_directory, $"{kind}.gguf");
        byte[] good = await File.ReadAllBytesAsync(EngineFixture.ModelPath);
        byte[]? content = kind switch
        {
            "empty" => [],
            "text" => "This is no model, it is a letter to one."u8.ToArray(),
            "half" => good[..(good.Length / 2)],
            "header" => good[..200],
            "version" => [.. good[..4], 99, .. good[5..]],
            "vocabulary" => Spoil(good),
            _ => null,
        };
        if (content is not null)
        {
            await File.WriteAllBytesAsync(path, content);
        }

        InvalidModelException exception = await Assert.ThrowsAsync<InvalidModelException>(
            () => LlamaEngine.LoadAsync(EngineFixture.Options with { ModelPath = path }, CancellationToken.None));
        Assert.Contains(path, exception.Message, StringComparison.Ordinal);
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(LlamaEngineOptions.SlotsMax + 1)]
    public async Task Slots_outside_the_limits_are_refused(int slots) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => LlamaEngine.LoadAsync(EngineFixture.Options with { Slots = slots }, CancellationToken.None));

    [Fact]
    public async Task The_largest_number_of_slots_works()
    {
        await using LlamaEngine engine = await LlamaEngine.LoadAsync(
            EngineFixture.Options with { Slots = LlamaEngineOptions.SlotsMax }, CancellationToken.None);
        Answer answer = await engine.AskAsync(Ask.Request("What is the capital of Japan?"));

        Assert.Equal("The capital of Japan is Tokyo.", answer.Text);
    }

    // An architecture that llama.cpp doesn't know: the header is well-formed, so only native code can refuse it.
    private static byte[] Spoil(byte[] good)
    {
        byte[] spoilt = [.. good];
        int at = spoilt.AsSpan().IndexOf("general.architecture"u8) + "general.architecture"u8.Length + 12;
        "lumma"u8.CopyTo(spoilt.AsSpan(at));
        return spoilt;
    }
}
