using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Node.Engines.Llama;
using Xunit;

namespace Darkbloom.Node.Tests.Engines;

/// <summary>One engine with the built-in model for all tests of a class: loading is the slow part.</summary>
public sealed class EngineFixture : IAsyncLifetime
{
    public const int Slots = 4;

    public static string ModelPath => Path.Combine(AppContext.BaseDirectory, "models", "darkbloom-tiny.gguf");

    // One thread: ggml's threads spin at barriers, and the cores of a test machine are busy.
    public static LlamaEngineOptions Options => new()
    {
        ModelPath = ModelPath,
        ModelId = "darkbloom-tiny",
        Slots = Slots,
        Threads = 1,
    };

    public LlamaEngine Engine { get; private set; } = null!;

    public async Task InitializeAsync() => Engine = await LoadAsync();

    public async Task DisposeAsync() => await Engine.DisposeAsync();

    public static Task<LlamaEngine> LoadAsync() => LlamaEngine.LoadAsync(Options, CancellationToken.None);
}
