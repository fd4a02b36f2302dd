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
    private bool _isDisposed;

    private LlamaEngine(LlamaModel model, ChatTemplates templates, EngineLoop loop, EngineModel description)
    {
        _model = model;
        _templates = templates;
        _loop = loop;
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

        // Step 1: check and tokenize. Nothing of a request that fails here reaches the engine's thread.
        using Generation? generation = Prepare(request, out GenerationEnd? refusal);
        if (generation is null)
        {
            yield return new NodeResponse { End = refusal };
            yield break;
        }

        // Step 2: hand it over.
        bool isSubmitted = false;
        try
        {
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
            GenerationReader reader = new(request, generation, _model, Model.Card.Fingerprint);
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

    public async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        await _loop.DisposeAsync();
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
                Chat = true,
                Tools = templates.SupportsTools,
            };
            EngineLoop loop = new(model, context, options.Slots, options.QueueMax);
            long textBytesMax = ((long)context.TokensPerSequence * model.PieceBytesMax) - 1;
            EngineModel description = new(card, options.Slots) { TextBytesMax = (uint)Math.Min(textBytesMax, uint.MaxValue) };
            return new LlamaEngine(model, templates, loop, description);
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

    private Generation? Prepare(GenerateRequest request, out GenerationEnd? refusal)
    {
        string fault = RequestReader.FindFault(request);
        ChatRequestJson? json = null;
        if (fault.Length > 0
            || !SamplingSettings.TryCreate(request.Sampling, out SamplingSettings settings, out fault)
            || !RequestReader.TryRead(request, out json, out fault))
        {
            refusal = Fault(InferenceFault.InvalidRequest, fault);
            return null;
        }

        if (FindOverflow(request) is { } overflow)
        {
            refusal = overflow;
            return null;
        }

        if (ToldTokens.TryRead(request, _model) is not { } told)
        {
            refusal = Fault(InferenceFault.InvalidRequest, "told holds a token that no answer holds");
            return null;
        }

        if (_templates.Render(json!) is not { } prompt)
        {
            refusal = Fault(InferenceFault.InvalidRequest, "the chat template cannot render these messages, tools and schema");
            return null;
        }

        int[] tokens = _model.Tokenize(prompt.Text);
        if (tokens.Length == 0 || tokens.Length >= _loop.TokensPerSequence)
        {
            prompt.Dispose();
            refusal = tokens.Length == 0
                ? Fault(InferenceFault.InvalidRequest, "the messages render to nothing")
                : Overflow(tokens.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
            return null;
        }

        refusal = null;
        return new Generation(prompt, tokens, _loop.Wake)
        {
            Settings = settings,
            Told = told,
            Stops = [.. request.Stop, .. prompt.Stops],
            PreservedTokens = PreservedTokens(prompt),
            Choices = (int)request.Choices,
            OutputTokensMax = request.OutputTokensMax == 0 ? int.MaxValue : (int)Math.Min(request.OutputTokensMax, int.MaxValue),
        };
    }

    /// <summary>A text of more bytes than a full context of the longest tokens can't fit: it isn't even tokenized.</summary>
    private GenerationEnd? FindOverflow(GenerateRequest request)
    {
        long bytes = request.Messages.Sum(static message => (long)Encoding.UTF8.GetByteCount(message.Content));
        long tokensMin = bytes / _model.PieceBytesMax;
        return tokensMin >= _loop.TokensPerSequence ? Overflow($"at least {tokensMin}") : null;
    }

    private GenerationEnd Overflow(string tokens) => Fault(
        InferenceFault.ContextLengthExceeded,
        $"the prompt has {tokens} tokens, the context holds {_loop.TokensPerSequence} and one is needed for the answer");

    private GenerationEnd Fault(InferenceFault fault, string detail) =>
        new() { Fault = fault, Detail = detail, Fingerprint = Model.Card.Fingerprint, Usage = new Usage() };

    private HashSet<int> PreservedTokens(ChatPrompt prompt)
    {
        HashSet<int> preserved = [];
        foreach (string text in prompt.Preserved)
        {
            // Only a text that is one token can be hidden as a special token.
            if (_model.Tokenize(text) is [int token])
            {
                preserved.Add(token);
            }
        }

        return preserved;
    }
}
