using System;
using System.IO;
using System.Text;
using Darkbloom.Node.Engines.Llama.Native;
using Darkbloom.Node.Models;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>Weights and vocabulary in native memory; immutable after loading, so any thread may use it.</summary>
internal sealed unsafe class LlamaModel : IDisposable
{
    private const int PieceBytesUsual = 256;

    /// <summary>Room for what a vocabulary adds at both ends of a text.</summary>
    private const int AddedTokensMax = 8;

    private readonly nint _vocab;

    private LlamaModel(ModelHandle handle)
    {
        Handle = handle;
        _vocab = LlamaApi.llama_model_get_vocab(handle);
        VocabularySize = LlamaApi.llama_vocab_n_tokens(_vocab);
        ContextTokensTrained = LlamaApi.llama_model_n_ctx_train(handle);
        Parameters = LlamaApi.llama_model_n_params(handle);
        PieceBytesMax = MeasureLongestPiece();
    }

    public ModelHandle Handle { get; }

    public int VocabularySize { get; }

    public int ContextTokensTrained { get; }

    public ulong Parameters { get; }

    /// <summary>Bytes of the longest token: a text has at least its bytes divided by this many tokens.</summary>
    public int PieceBytesMax { get; }

    /// <exception cref="InvalidModelException">The file is missing, damaged or of no kind that llama.cpp can run.</exception>
    public static LlamaModel Load(string path, int gpuLayers)
    {
        GgufReader.ReadFile(path);
        NativeLibraries.Load();
        LlamaModelParams parameters = LlamaApi.llama_model_default_params();
        parameters.n_gpu_layers = gpuLayers;
        NativeLog.BeginCapture();
        nint value = LlamaApi.llama_model_load_from_file(path, parameters);
        string complaint = NativeLog.EndCapture();
        if (value == 0)
        {
            throw new InvalidModelException($"{path}: llama.cpp cannot load it: {complaint}");
        }

        ModelHandle handle = new(value);
        if (LlamaApi.llama_model_has_decoder(handle) == 0 || LlamaApi.llama_model_has_encoder(handle) != 0
            || LlamaApi.llama_vocab_n_tokens(LlamaApi.llama_model_get_vocab(handle)) == 0)
        {
            handle.Dispose();
            throw new InvalidModelException($"{path}: not a model that generates text");
        }

        return new LlamaModel(handle);
    }

    /// <summary>The tokens of a text in which special tokens are spelled out.</summary>
    public int[] Tokenize(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);

        // Mostly a token has a byte or more; a space that becomes three byte tokens makes it not so.
        int[] tokens = new int[bytes.Length + AddedTokensMax];
        int count = Tokenize(bytes, tokens);
        if (count < 0 && count != int.MinValue)
        {
            tokens = new int[-count];
            count = Tokenize(bytes, tokens);
        }

        return count >= 0 ? tokens[..count] : throw new InvalidDataException("The text has more tokens than can be counted.");
    }

    /// <summary>How many tokens were written; when they don't fit, minus how many there are.</summary>
    private int Tokenize(byte[] source, int[] target)
    {
        fixed (byte* bytes = source)
        fixed (int* tokens = target)
        {
            return LlamaApi.llama_tokenize(_vocab, bytes, source.Length, tokens, target.Length, 1, 1);
        }
    }

    /// <summary>Writes the bytes of a token to <paramref name="buffer"/>, growing it, and returns how many there are.</summary>
    public int Piece(int token, bool rendersSpecial, ref byte[] buffer)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)token, (uint)VocabularySize);
        int count = Piece(token, rendersSpecial, buffer);
        if (count < 0)
        {
            buffer = new byte[-count];
            count = Piece(token, rendersSpecial, buffer);
        }

        return Math.Max(count, 0);
    }

    public bool EndsGeneration(int token) => LlamaApi.llama_vocab_is_eog(_vocab, token) != 0;

    /// <summary>Tokens that the model's maker says must never be drawn.</summary>
    public ReadOnlySpan<int> SuppressedTokens
    {
        get
        {
            int count = 0;
            int* tokens = LlamaApi.llama_vocab_get_suppress_tokens(_vocab, &count);
            return new ReadOnlySpan<int>(tokens, tokens == null ? 0 : count);
        }
    }

    public void Dispose() => Handle.Dispose();

    private int Piece(int token, bool rendersSpecial, byte[] buffer)
    {
        fixed (byte* target = buffer)
        {
            return LlamaApi.llama_token_to_piece(_vocab, token, target, buffer.Length, 0, rendersSpecial ? (byte)1 : (byte)0);
        }
    }

    private int MeasureLongestPiece()
    {
        byte[] buffer = new byte[PieceBytesUsual];
        int longest = 1;
        for (int token = 0; token < VocabularySize; token++)
        {
            longest = Math.Max(longest, Piece(token, rendersSpecial: true, ref buffer));
        }

        return longest;
    }
}
