using System;
using Darkbloom.Node.Engines.Llama.Native;
using Darkbloom.Node.Models;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>A native context that pools the outputs of one text into one vector; one thread at a time uses it.</summary>
internal sealed unsafe class EmbeddingContext : IDisposable
{
    private const int PoolingUnspecified = -1;
    private const int PoolingNone = 0;
    private const int PoolingMean = 1;

    private readonly ContextHandle _handle;
    private readonly nint _memory;
    private readonly int _dimensions;
    private readonly int _vocabulary;
    private readonly int _tokensMax;
    private LlamaBatch _batch;

    /// <exception cref="InvalidModelException">No context can be made: mostly for want of memory.</exception>
    public EmbeddingContext(LlamaModel model, int tokensMax, int threads)
    {
        // What the model was trained to be pooled by, and the mean where it says nothing.
        nint value = Create(model, tokensMax, threads, PoolingUnspecified);
        if (value != 0)
        {
            ContextHandle asTrained = new(value, model.Handle);
            if (LlamaApi.llama_pooling_type(asTrained) != PoolingNone)
            {
                _handle = asTrained;
            }
            else
            {
                asTrained.Dispose();
            }
        }

        _handle ??= new ContextHandle(Create(model, tokensMax, threads, PoolingMean), model.Handle);
        if (_handle.IsInvalid)
        {
            _handle.Dispose();
            throw new InvalidModelException($"No context of {tokensMax} tokens can be made for embeddings.");
        }

        _memory = LlamaApi.llama_get_memory(_handle);
        _dimensions = LlamaApi.llama_model_n_embd_out(model.Handle);
        _vocabulary = model.VocabularySize;
        _tokensMax = Math.Min(tokensMax, (int)LlamaApi.llama_n_batch(_handle));
        _batch = LlamaApi.llama_batch_init(_tokensMax, 0, 1);
    }

    /// <summary>The vector of a text, of length 1; null when llama.cpp failed.</summary>
    public float[]? Embed(ReadOnlySpan<int> tokens)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens.Length, _tokensMax);
        if (_memory != 0)
        {
            LlamaApi.llama_memory_clear(_memory, 1);
        }

        for (int position = 0; position < tokens.Length; position++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)tokens[position], (uint)_vocabulary);
            _batch.token[position] = tokens[position];
            _batch.pos[position] = position;
            _batch.n_seq_id[position] = 1;
            _batch.seq_id[position][0] = 0;
            _batch.logits[position] = 1;
        }

        _batch.n_tokens = tokens.Length;
        if (LlamaApi.llama_decode(_handle, _batch) != 0)
        {
            return null;
        }

        float* pooled = LlamaApi.llama_get_embeddings_seq(_handle, 0);
        return pooled == null ? null : Normalize(new ReadOnlySpan<float>(pooled, _dimensions));
    }

    public void Dispose()
    {
        if (_batch.token != null)
        {
            LlamaApi.llama_batch_free(_batch);
            _batch = default;
        }

        _handle.Dispose();
    }

    private static float[]? Normalize(ReadOnlySpan<float> vector)
    {
        double sum = 0;
        foreach (float value in vector)
        {
            sum += (double)value * value;
        }

        if (!double.IsFinite(sum))
        {
            return null;
        }

        double scale = sum > 0 ? 1 / Math.Sqrt(sum) : 0;
        float[] normalized = new float[vector.Length];
        for (int index = 0; index < vector.Length; index++)
        {
            normalized[index] = (float)(vector[index] * scale);
        }

        return normalized;
    }

    private static nint Create(LlamaModel model, int tokensMax, int threads, int pooling)
    {
        LlamaContextParams parameters = LlamaApi.llama_context_default_params();
        parameters.n_ctx = (uint)tokensMax;
        parameters.n_batch = (uint)tokensMax;
        parameters.n_ubatch = (uint)tokensMax;
        parameters.n_seq_max = 1;
        parameters.n_threads = threads;
        parameters.n_threads_batch = threads;
        parameters.pooling_type = pooling;
        parameters.flash_attn_type = 0;
        parameters.embeddings = 1;
        return LlamaApi.llama_init_from_model(model.Handle, parameters);
    }
}
