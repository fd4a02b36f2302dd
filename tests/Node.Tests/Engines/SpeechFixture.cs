using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Node.Engines.Whisper;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Node.Tests.Engines;

/// <summary>One engine with the built-in speech model for all tests of a class.</summary>
public sealed class SpeechFixture : IAsyncLifetime
{
    public const string ModelId = "darkbloom-words";

    public static string ModelPath => Path.Combine(AppContext.BaseDirectory, "models", ModelId + ".bin");

    public WhisperEngine Engine { get; private set; } = null!;

    public async Task InitializeAsync() => Engine = await LoadAsync(ModelPath);

    public async Task DisposeAsync() => await Engine.DisposeAsync();

    public static Task<WhisperEngine> LoadAsync(string path) =>
        WhisperEngine.LoadAsync(new WhisperEngineOptions { ModelPath = path, ModelId = ModelId, Threads = 1 }, CancellationToken.None);

    public static GenerateRequest Request(byte[] audio) => new()
    {
        RequestId = ByteString.CopyFrom(new byte[16]),
        Model = ModelId,
        Choices = 1,
        Sampling = new Sampling { TopP = 1 },
        Transcription = new TranscriptionTask { Audio = ByteString.CopyFrom(audio) },
    };

    public static GenerateRequest Request(string path) => Request(File.ReadAllBytes(path));
}
