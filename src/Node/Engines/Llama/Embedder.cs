using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>Turns texts into vectors, one after the other, in a context of its own that is made on first use.</summary>
/// <remarks>
/// A context draws tokens or pools vectors, not both. Most nodes are never asked for vectors, and the context's cache
/// would take memory from them.
/// </remarks>
internal sealed class Embedder(LlamaModel model, RequestPreparer preparer, int threads) : IDisposable
{
    /// <summary>Tokens of one input: they are computed in one batch, whose buffers grow with it.</summary>
    public const int InputTokensMax = 2048;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private EmbeddingContext? _context;
    private bool _isDisposed;

    public async IAsyncEnumerable<NodeResponse> EmbedAsync(
        EmbeddingTask task, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Step 1: every input is checked before the first is computed.
        GenerationEnd? fault = Read(task, out List<int[]> inputs);
        if (fault is not null)
        {
            yield return new NodeResponse { End = fault };
            yield break;
        }

        // Step 2: compute them in turn, away from the thread that asks.
        uint tokens = 0;
        await _turn.WaitAsync(cancellationToken);
        try
        {
            for (int index = 0; index < inputs.Count; index++)
            {
                int[] input = inputs[index];
                float[]? values = await Task.Run(() => Embed(input), cancellationToken);
                if (values is null)
                {
                    yield return new NodeResponse { End = Failed() };
                    yield break;
                }

                tokens += (uint)input.Length;
                Embedding embedding = new() { Index = (uint)index };
                embedding.Values.AddRange(values);
                yield return new NodeResponse { Embedding = embedding };
            }
        }
        finally
        {
            _turn.Release();
        }

        // Step 3.
        yield return new NodeResponse { ChoiceEnd = new ChoiceEnd { Reason = FinishReason.Stop } };
        yield return new NodeResponse { End = new GenerationEnd { Usage = new Usage { PromptTokens = tokens } } };
    }

    /// <summary>Returns once no input is being computed.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _turn.Wait();
        _context?.Dispose();
        _turn.Dispose();
    }

    private GenerationEnd? Read(EmbeddingTask task, out List<int[]> inputs)
    {
        inputs = [];
        foreach (TextInput input in task.Inputs)
        {
            if (preparer.Read(input, addsSpecial: true, out int[] tokens) is { } fault)
            {
                return fault;
            }

            int most = Math.Min(InputTokensMax, model.ContextTokensTrained);
            if (tokens.Length == 0 || tokens.Length > most)
            {
                return tokens.Length == 0 ? RequestPreparer.Invalid("an input has no token", "input") : new GenerationEnd
                {
                    Fault = InferenceFault.ContextLengthExceeded,
                    Detail = $"an input has {tokens.Length} tokens, an embedding takes {most}",
                    Usage = new Usage(),
                };
            }

            inputs.Add(tokens);
        }

        return null;
    }

    private float[]? Embed(int[] tokens)
    {
        try
        {
            _context ??= new EmbeddingContext(model, Math.Min(InputTokensMax, model.ContextTokensTrained), threads);
        }
        catch (Models.InvalidModelException)
        {
            return null; // No memory for it now.
        }

        return _context.Embed(tokens);
    }

    private static GenerationEnd Failed() => new()
    {
        Fault = InferenceFault.EngineFailed,
        Detail = "the engine could not compute an embedding",
        Usage = new Usage(),
    };
}
