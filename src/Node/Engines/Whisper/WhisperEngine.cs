using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Node.Engines.Whisper.Native;
using Darkbloom.Node.Models;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Node.Engines.Whisper;

/// <summary>A speech model in this process, by whisper.cpp: it writes down what recordings say.</summary>
public sealed class WhisperEngine : IEngine
{
    private const int FingerprintBytes = 8;

    private readonly WhisperModel _model;
    private readonly int _threads;
    private readonly SemaphoreSlim _turn = new(WhisperEngineOptions.Slots, WhisperEngineOptions.Slots);
    private bool _isDisposed;

    private WhisperEngine(WhisperModel model, EngineModel description, int threads)
    {
        (_model, Model, _threads) = (model, description, threads);
    }

    public EngineModel Model { get; }

    /// <summary>What takes the time is the recording's length, which no offer tells.</summary>
    public EngineSpeed Speed => default;

    /// <summary>Loads the libraries and the model; takes as long as reading the file.</summary>
    /// <exception cref="EngineUnavailableException">A native library is missing or of another version.</exception>
    /// <exception cref="InvalidModelException">The model's file is missing, damaged or too large for this machine.</exception>
    public static Task<WhisperEngine> LoadAsync(WhisperEngineOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return Task.Run(() => Load(options), cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<NodeResponse> GenerateAsync(
        GenerateRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ObjectDisposedException.ThrowIf(_isDisposed, this);

        // Step 1: check.
        if (Check(request) is { } fault)
        {
            yield return End(fault);
            yield break;
        }

        // Step 2: wait for the model, and hear the recording on a thread of its own.
        await _turn.WaitAsync(cancellationToken);
        using CancellationTokenSource left = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Channel<NodeResponse> channel = Channel.CreateUnbounded<NodeResponse>(new() { SingleReader = true, SingleWriter = true });
        using TranscriptionRun run = new(_model, request, _threads, channel.Writer, left.Token);
        Task heard = Task.Factory.StartNew(run.Execute, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            // Step 3: pass on what it finds.
            await foreach (NodeResponse response in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return response.End is { } end ? End(end) : response;
                run.OnRead();
            }
        }
        finally
        {
            // Leaving early, by cancellation or otherwise: the model is free again when this returns.
            await left.CancelAsync();
            await heard;
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await _turn.WaitAsync();
        _model.Dispose();
        _turn.Dispose();
    }

    /// <param name="param">The field at fault, as the schema names it.</param>
    internal static GenerationEnd Invalid(string detail, string param) =>
        new() { Fault = InferenceFault.InvalidRequest, Detail = detail, Param = param, Usage = new Usage() };

    private GenerationEnd? Check(GenerateRequest request) => request switch
    {
        { Transcription: null } => Invalid("the model writes down recordings and does nothing else", "task"),
        { Transcription.Audio.IsEmpty: true } => Invalid("there is no recording", "audio"),
        { Transcription.Language: { Length: > 0 } language } when !_model.Hears(language) =>
            Invalid(_model.IsMultilingual ? "the model doesn't know the language" : "the model knows English only", "language"),
        { Sampling.Temperature: not (>= 0 and <= 1) } => Invalid("the temperature isn't from 0 to 1", "temperature"),
        { Choices: not 1 } => Invalid("a recording has one transcript", "choices"),
        _ => null,
    };

    private NodeResponse End(GenerationEnd end)
    {
        end.Fingerprint = Model.Card.Fingerprint;
        return new NodeResponse { End = end };
    }

    private static WhisperEngine Load(WhisperEngineOptions options)
    {
        WhisperModel model = WhisperModel.Load(options.ModelPath, options.UsesGpu);
        try
        {
            byte[] sha256 = options.Sha256.Count > 0 ? [.. options.Sha256] : Hash(options.ModelPath);
            ModelCard card = new()
            {
                Id = options.ModelId,
                Sha256 = ByteString.CopyFrom(sha256),
                ContextTokens = (uint)model.File.TextTokens,
                Fingerprint = Fingerprint(sha256),
                Parameters = model.File.Parameters,
                SizeBytes = (ulong)new FileInfo(options.ModelPath).Length,
                Transcription = true,
            };
            EngineModel description = new(card, WhisperEngineOptions.Slots)
            {
                AudioBytesMax = InferenceLimits.AudioBytesMax,
                QueueMax = WhisperEngineOptions.QueueMax,
            };
            return new WhisperEngine(model, description, options.EffectiveThreads);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static byte[] Hash(string path)
    {
        using FileStream file = File.OpenRead(path);
        return SHA256.HashData(file);
    }

    private static string Fingerprint(byte[] sha256)
    {
        byte[] input = [.. sha256, .. Encoding.UTF8.GetBytes($"\nwhisper.cpp {WhisperLayout.WhisperVersion}\n")];
        return "db_" + Convert.ToHexStringLower(SHA256.HashData(input).AsSpan(0, FingerprintBytes));
    }
}
