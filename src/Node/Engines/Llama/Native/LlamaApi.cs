using System.Runtime.InteropServices;

namespace Darkbloom.Node.Engines.Llama.Native;

/// <summary>llama.h of llama.cpp v0.4.0, under its own names.</summary>
/// <remarks>
/// Sizes are checked by the callers before each call: a batch that is larger than n_batch, or a sequence that
/// doesn't exist, ends in ggml_abort and takes the process with it.
/// </remarks>
internal static unsafe partial class LlamaApi
{
    private const string Library = NativeLibraries.Llama;

    [LibraryImport(Library)]
    public static partial byte* llama_version();

    [LibraryImport(Library)]
    public static partial void llama_backend_init();

    [LibraryImport(Library)]
    public static partial void llama_log_set(delegate* unmanaged[Cdecl]<int, byte*, void*, void> callback, void* userData);

    [LibraryImport(Library)]
    public static partial LlamaModelParams llama_model_default_params();

    [LibraryImport(Library)]
    public static partial LlamaContextParams llama_context_default_params();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint llama_model_load_from_file(string path, LlamaModelParams parameters);

    [LibraryImport(Library)]
    public static partial void llama_model_free(nint model);

    [LibraryImport(Library)]
    public static partial nint llama_init_from_model(ModelHandle model, LlamaContextParams parameters);

    [LibraryImport(Library)]
    public static partial void llama_free(nint context);

    [LibraryImport(Library)]
    public static partial nint llama_model_get_vocab(ModelHandle model);

    [LibraryImport(Library)]
    public static partial int llama_model_n_ctx_train(ModelHandle model);

    [LibraryImport(Library)]
    public static partial ulong llama_model_n_params(ModelHandle model);

    [LibraryImport(Library)]
    public static partial ulong llama_model_size(ModelHandle model);

    [LibraryImport(Library)]
    public static partial byte llama_model_has_encoder(ModelHandle model);

    [LibraryImport(Library)]
    public static partial byte llama_model_has_decoder(ModelHandle model);

    [LibraryImport(Library)]
    public static partial int llama_vocab_n_tokens(nint vocab);

    [LibraryImport(Library)]
    public static partial byte llama_vocab_is_eog(nint vocab, int token);

    [LibraryImport(Library)]
    public static partial int llama_vocab_bos(nint vocab);

    [LibraryImport(Library)]
    public static partial int llama_vocab_eos(nint vocab);

    [LibraryImport(Library)]
    public static partial int llama_model_n_embd_out(ModelHandle model);

    [LibraryImport(Library)]
    public static partial int llama_pooling_type(ContextHandle context);

    [LibraryImport(Library)]
    public static partial float* llama_get_embeddings_seq(ContextHandle context, int sequence);

    [LibraryImport(Library)]
    public static partial void llama_memory_clear(nint memory, byte data);

    [LibraryImport(Library)]
    public static partial int llama_vocab_get_attr(nint vocab, int token);

    [LibraryImport(Library)]
    public static partial int llama_vocab_fim_pre(nint vocab);

    [LibraryImport(Library)]
    public static partial int llama_vocab_fim_suf(nint vocab);

    [LibraryImport(Library)]
    public static partial int llama_vocab_fim_mid(nint vocab);

    [LibraryImport(Library)]
    public static partial byte llama_vocab_get_add_bos(nint vocab);

    [LibraryImport(Library)]
    public static partial int* llama_vocab_get_suppress_tokens(nint vocab, int* count);

    [LibraryImport(Library)]
    public static partial int llama_tokenize(
        nint vocab, byte* text, int textBytes, int* tokens, int tokensMax, byte addSpecial, byte parseSpecial);

    [LibraryImport(Library)]
    public static partial int llama_token_to_piece(
        nint vocab, int token, byte* buffer, int bufferBytes, int leadingSpaces, byte special);

    [LibraryImport(Library)]
    public static partial LlamaBatch llama_batch_init(int tokensMax, int embeddings, int sequencesMax);

    [LibraryImport(Library)]
    public static partial void llama_batch_free(LlamaBatch batch);

    [LibraryImport(Library)]
    public static partial int llama_decode(ContextHandle context, LlamaBatch batch);

    [LibraryImport(Library)]
    public static partial float* llama_get_logits_ith(ContextHandle context, int index);

    [LibraryImport(Library)]
    public static partial uint llama_n_ctx_seq(ContextHandle context);

    [LibraryImport(Library)]
    public static partial uint llama_n_batch(ContextHandle context);

    [LibraryImport(Library)]
    public static partial uint llama_n_seq_max(ContextHandle context);

    [LibraryImport(Library)]
    public static partial nint llama_get_memory(ContextHandle context);

    [LibraryImport(Library)]
    public static partial byte llama_memory_seq_rm(nint memory, int sequence, int from, int to);

    [LibraryImport(Library)]
    public static partial void llama_memory_seq_cp(nint memory, int source, int target, int from, int to);
}
