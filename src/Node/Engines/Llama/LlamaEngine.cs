using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Node.Engines.Llama.Native;
using Darkbloom.Node.Engines.Llama.Sampling;
using Darkbloom.Node.Models;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>A language model in this process, by llama.cpp.</summary>
/// <remarks>
/// Requests are checked, rendered and tokenized by whoever asks, computed by <see cref="EngineLoop"/>'s thread, and
/// their text is read as messages by whoever enumerates: the thread does nothing but tokens.
/// </remarks>
public sealed class LlamaEngine : IEngine
{
    private const int FingerprintBytes = 8;

    private readonly LlamaModel _model;
    private readonly ChatTemplates _templates;
    private readonly EngineLoop _loop;
    private readonly RequestPreparer _preparer;
    private readonly Embedder _embedder;
    private bool _isDisposed;

    private LlamaEngine(LlamaModel model, ChatTemplates templates, EngineLoop loop, EngineModel description, int threads)
    {
        _model = model;
        _templates = templates;
        _loop = loop;
        _preparer = new RequestPreparer(model, templates, loop);
        _embedder = new Embedder(model, _preparer, threads);
        Model = description;
    }

    public EngineModel Model { get; }

    public EngineSpeed Speed => _loop.Speed.Current;

    /// <summary>Loads the libraries and the model; takes as long as reading the file.</summary>
    /// <exception cref="EngineUnavailableException">A native library is missing or of another version.</exception>
    /// <exception cref="InvalidModelException">The model's file is missing, damaged or too large for this machine.</exception>
    public static Task<LlamaEngine> LoadAsync(LlamaEngineOptions options, CancellationToken cancellationToken)
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
        IAsyncEnumerable<NodeResponse> responses = request.TaskCase switch
        {
            GenerateRequest.TaskOneofCase.Embedding => _embedder.EmbedAsync(request.Embedding, cancellationToken),
            GenerateRequest.TaskOneofCase.Tokenization => Tokenization.Run(request, _model, _preparer).ToAsyncEnumerable(),
            _ => DrawAsync(request, cancellationToken),
        };
        await foreach (NodeResponse response in responses)
        {
            if (response.End is { } end)
            {
                end.Fingerprint = Model.Card.Fingerprint;
            }

            yield return response;
        }
    }

    private async IAsyncEnumerable<NodeResponse> DrawAsync(
        GenerateRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Step 1: check and tokenize. Nothing of a request that fails here reaches the engine's thread.
        using Generation? generation = _preparer.Prepare(request, out GenerationEnd? refusal);
        if (generation is null)
        {
            yield return new NodeResponse { End = refusal };
            yield break;
        }

        // Step 2: hand it over. What the reader makes of told tokens says how many of their chances are still to be told.
        bool isSubmitted = false;
        GenerationReader reader;
        try
        {
            reader = new GenerationReader(request, generation, _model, Echo(request, generation));
            isSubmitted = await _loop.TrySubmitAsync(generation, cancellationToken);
        }
        finally
        {
            if (!isSubmitted)
            {
                generation.End(InferenceFault.Drained, "the engine stops");
            }
        }

        // Step 3: read the tokens as messages. Leaving early, by cancellation or otherwise, frees the slots.
        try
        {
            await foreach (EngineEvent e in generation.ReadAllAsync(cancellationToken))
            {
                foreach (NodeResponse response in reader.Read(e))
                {
                    yield return response;
                }

                generation.OnRead();
            }
        }
        finally
        {
            generation.Cancel();
        }
    }

    private string Echo(GenerateRequest request, Generation generation) => request.Completion switch
    {
        { Echo: true, Prompt.Text: { Length: > 0 } text } => text,
        { Echo: true } => _model.Text(generation.PromptTokens),
        _ => "",
    };

    public async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        await _loop.DisposeAsync();
        _embedder.Dispose();
        _templates.Dispose();
        _model.Dispose();
    }

    private static LlamaEngine Load(LlamaEngineOptions options)
    {
        LlamaModel model = LlamaModel.Load(options.ModelPath, options.GpuLayers);
        ChatTemplates? templates = null;
        try
        {
            templates = new ChatTemplates(model, options.ModelPath);
            int trained = Math.Max(1, model.ContextTokensTrained);
            int tokens = options.ContextTokensPerSlot > 0
                ? Math.Min(options.ContextTokensPerSlot, trained)
                : Math.Min(LlamaEngineOptions.ContextTokensDefaultMax, trained);
            LlamaContext context = new(model, options.Slots, tokens, options.EffectiveThreads);
            byte[] sha256 = options.Sha256.Count > 0 ? [.. options.Sha256] : Hash(options.ModelPath);
            ModelCard card = new()
            {
                Id = options.ModelId,
                Sha256 = ByteString.CopyFrom(sha256),
                ContextTokens = (uint)context.TokensPerSequence,
                Fingerprint = Fingerprint(sha256, templates.Source),
                Parameters = model.Parameters,
                SizeBytes = (ulong)new FileInfo(options.ModelPath).Length,
                Chat = !model.EmbedsOnly,
                Tools = !model.EmbedsOnly && templates.SupportsTools,
                Reasoning = !model.EmbedsOnly && templates.SupportsThinking,
                TextCompletion = !model.EmbedsOnly,
                FillInMiddle = !model.EmbedsOnly && model.FillInMiddle is not null,
                Embeddings = true,
            };
            EngineLoop loop = new(model, context, options.Slots, options.QueueMax);
            long textBytesMax = ((long)context.TokensPerSequence * model.PieceBytesMax) - 1;
            EngineModel description = new(card, options.Slots) { TextBytesMax = (uint)Math.Min(textBytesMax, uint.MaxValue) };
            return new LlamaEngine(model, templates, loop, description, options.EffectiveThreads);
        }
        catch
        {
            templates?.Dispose();
            model.Dispose();
            throw;
        }
    }

    private static byte[] Hash(string path)
    {
        using FileStream file = File.OpenRead(path);
        return SHA256.HashData(file);
    }

    private static string Fingerprint(byte[] sha256, string template)
    {
        string build = $"\nllama.cpp {NativeLayout.LlamaVersion}\nsampler {TokenSampler.Version}\n";
        byte[] input = [.. sha256, .. Encoding.UTF8.GetBytes(build), .. Encoding.UTF8.GetBytes(template)];
        return "db_" + Convert.ToHexStringLower(SHA256.HashData(input).AsSpan(0, FingerprintBytes));
    }
}
