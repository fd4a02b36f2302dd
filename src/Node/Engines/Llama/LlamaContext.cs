using System;
using System.Diagnostics;
using System.IO;
using Darkbloom.Node.Engines.Llama.Native;
using Darkbloom.Node.Models;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>The native context and its batch: one cache per sequence, one thread.</summary>
/// <remarks>
/// <para>Each sequence has a cache of its own (<c>kv_unified</c> is off): what one holds neither slows the attention of
/// the others nor takes their room, so "no slot found in the cache" can't happen while positions stay below
/// <see cref="TokensPerSequence"/>. The price is that a prefix is copied between sequences, not shared.</para>
/// <para>Flash attention is off: its kernels sum in another order per batch shape, and two nodes should draw the same
/// tokens.</para>
/// <para>Every size is checked here, because llama.cpp aborts the process on the ones it doesn't like.</para>
/// </remarks>
internal sealed unsafe class LlamaContext : IDisposable
{
    /// <summary>Tokens of one decode call: the most that a prompt is prefilled by at once.</summary>
    public const int BatchTokensMax = 512;

    private readonly ContextHandle _handle;
    private readonly nint _memory;
    private readonly int _sequences;
    private readonly int _vocabulary;
    private readonly int _batchTokensMax;
    private LlamaBatch _batch;

    public LlamaContext(LlamaModel model, int sequences, int tokensPerSequence, int threads)
    {
        LlamaContextParams parameters = LlamaApi.llama_context_default_params();
        parameters.n_ctx = checked((uint)tokensPerSequence * (uint)sequences);
        parameters.n_batch = BatchTokensMax;
        parameters.n_ubatch = BatchTokensMax;
        parameters.n_seq_max = (uint)sequences;
        parameters.n_threads = threads;
        parameters.n_threads_batch = threads;
        parameters.flash_attn_type = 0;
        parameters.kv_unified = 0;
        NativeLog.BeginCapture();
        nint value = LlamaApi.llama_init_from_model(model.Handle, parameters);
        string complaint = NativeLog.EndCapture();
        if (value == 0)
        {
            throw new InvalidModelException(
                $"No context of {sequences} x {tokensPerSequence} tokens can be made, is there enough memory? {complaint}");
        }

        _handle = new ContextHandle(value, model.Handle);
        _memory = LlamaApi.llama_get_memory(_handle);
        _sequences = sequences;
        _vocabulary = model.VocabularySize;
        _batchTokensMax = (int)Math.Min(LlamaApi.llama_n_batch(_handle), BatchTokensMax);
        TokensPerSequence = (int)Math.Min((uint)tokensPerSequence, LlamaApi.llama_n_ctx_seq(_handle));
        _batch = LlamaApi.llama_batch_init(_batchTokensMax, 0, 1);
        if (LlamaApi.llama_n_seq_max(_handle) < (uint)sequences || _batch.token == null)
        {
            Dispose();
            throw new InvalidModelException($"The model cannot hold {sequences} sequences.");
        }
    }

    public int TokensPerSequence { get; }

    public int BatchCount => _batch.n_tokens;

    public int BatchRoom => _batchTokensMax - _batch.n_tokens;

    public void ClearBatch() => _batch.n_tokens = 0;

    /// <summary>Adds a token and returns its index, by which <see cref="Logits"/> finds what follows it.</summary>
    public int Add(int token, int position, int sequence, bool wantsLogits)
    {
        Debug.Assert(BatchRoom > 0, "callers ask for room first");
        if (BatchRoom <= 0 || (uint)token >= (uint)_vocabulary || (uint)sequence >= (uint)_sequences
            || (uint)position >= (uint)TokensPerSequence)
        {
            throw new InvalidDataException("A token outside the batch, the vocabulary or the context.");
        }

        int index = _batch.n_tokens++;
        _batch.token[index] = token;
        _batch.pos[index] = position;
        _batch.n_seq_id[index] = 1;
        _batch.seq_id[index][0] = sequence;
        _batch.logits[index] = wantsLogits ? (sbyte)1 : (sbyte)0;
        return index;
    }

    /// <summary>Computes the batch; false when llama.cpp refused or failed.</summary>
    public bool Decode() => LlamaApi.llama_decode(_handle, _batch) == 0;

    /// <summary>The logits after the batch's token at <paramref name="index"/>; native memory, valid until the next decode.</summary>
    public Span<float> Logits(int index)
    {
        float* logits = LlamaApi.llama_get_logits_ith(_handle, index);
        return logits == null ? [] : new Span<float>(logits, _vocabulary);
    }

    /// <summary>Forgets a sequence from a position on; false when this kind of model can't forget a part.</summary>
    public bool TryTruncate(int sequence, int position) =>
        LlamaApi.llama_memory_seq_rm(_memory, sequence, position, -1) != 0;

    public void Clear(int sequence) => LlamaApi.llama_memory_seq_rm(_memory, sequence, -1, -1);

    /// <summary>Overwrites one sequence's cache by another's.</summary>
    public void Copy(int source, int target) => LlamaApi.llama_memory_seq_cp(_memory, source, target, -1, -1);

    public void Dispose()
    {
        if (_batch.token != null)
        {
            LlamaApi.llama_batch_free(_batch);
            _batch = default;
        }

        _handle.Dispose();
    }
}
