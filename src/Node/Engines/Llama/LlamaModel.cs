using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Darkbloom.Node.Engines.Llama.Native;
using Darkbloom.Node.Engines.Llama.Sampling;
using Darkbloom.Node.Engines.Llama.Text;
using Darkbloom.Node.Models;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>Weights and vocabulary in native memory; immutable after loading, so any thread may use it.</summary>
internal sealed unsafe class LlamaModel : IDisposable
{
    private const int PieceBytesUsual = 256;

    /// <summary>Room for what a vocabulary adds at both ends of a text.</summary>
    private const int AddedTokensMax = 8;

    /// <summary>LLAMA_TOKEN_ATTR_UNKNOWN and LLAMA_TOKEN_ATTR_CONTROL: what the tokenizer reads only when it is told to.</summary>
    private const int SpecialAttributes = 1 | 8;

    private readonly nint _vocab;

    private LlamaModel(ModelHandle handle, bool embedsOnly)
    {
        Handle = handle;
        EmbedsOnly = embedsOnly;
        _vocab = LlamaApi.llama_model_get_vocab(handle);
        VocabularySize = LlamaApi.llama_vocab_n_tokens(_vocab);
        ContextTokensTrained = LlamaApi.llama_model_n_ctx_train(handle);
        Parameters = LlamaApi.llama_model_n_params(handle);
        PieceBytesMax = MeasureLongestPiece();
        Special = new SpecialText(SpecialTexts());
    }

    public ModelHandle Handle { get; }

    public int VocabularySize { get; }

    public int ContextTokensTrained { get; }

    public ulong Parameters { get; }

    /// <summary>The model was made to turn texts into vectors: it writes nothing.</summary>
    public bool EmbedsOnly { get; }

    /// <summary>The token that begins a text, or else ends one; null when the vocabulary has neither.</summary>
    public int? TextBeginning
    {
        get
        {
            int token = LlamaApi.llama_vocab_bos(_vocab);
            token = token >= 0 ? token : LlamaApi.llama_vocab_eos(_vocab);
            return token >= 0 ? token : null;
        }
    }

    /// <summary>The tokens that steer the model, as they are spelled out.</summary>
    public SpecialText Special { get; }

    /// <summary>The tokens before the prompt, before the suffix and before the gap; null when the model fills no gaps.</summary>
    public (int Prefix, int Suffix, int Middle)? FillInMiddle =>
        (LlamaApi.llama_vocab_fim_pre(_vocab), LlamaApi.llama_vocab_fim_suf(_vocab), LlamaApi.llama_vocab_fim_mid(_vocab))
            is ( >= 0, >= 0, >= 0) and (int, int, int) tokens
                ? tokens
                : null;

    /// <summary>Bytes of the longest token: a text has at least its bytes divided by this many tokens.</summary>
    public int PieceBytesMax { get; }

    /// <exception cref="InvalidModelException">The file is missing, damaged or of no kind that llama.cpp can run.</exception>
    public static LlamaModel Load(string path, int gpuLayers)
    {
        GgufFile file = GgufReader.ReadFile(path);
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

        return new LlamaModel(handle, file.EmbedsOnly);
    }

    /// <summary>The tokens of a rendered prompt: special tokens are spelled out in it, but none across a mark.</summary>
    public int[] Tokenize(string text)
    {
        if (!text.Contains(SpecialText.Mark, StringComparison.Ordinal))
        {
            return Tokenize(text, addsSpecial: true, parsesSpecial: true);
        }

        List<int> tokens = [];
        string[] pieces = text.Split(SpecialText.Mark);
        for (int piece = 0; piece < pieces.Length; piece++)
        {
            tokens.AddRange(Tokenize(pieces[piece], addsSpecial: piece == 0, parsesSpecial: true));
        }

        return [.. tokens];
    }

    /// <param name="addsSpecial">With the tokens that the vocabulary puts around every text.</param>
    /// <param name="parsesSpecial">Special tokens are spelled out in the text.</param>
    public int[] Tokenize(string text, bool addsSpecial, bool parsesSpecial)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);

        // Mostly a token has a byte or more; a space that becomes three byte tokens makes it not so.
        int[] tokens = new int[bytes.Length + AddedTokensMax];
        int count = Tokenize(bytes, tokens, addsSpecial, parsesSpecial);
        if (count < 0 && count != int.MinValue)
        {
            tokens = new int[-count];
            count = Tokenize(bytes, tokens, addsSpecial, parsesSpecial);
        }

        return count >= 0 ? tokens[..count] : throw new InvalidDataException("The text has more tokens than can be counted.");
    }

    /// <summary>How many tokens were written; when they don't fit, minus how many there are.</summary>
    private int Tokenize(byte[] source, int[] target, bool addsSpecial, bool parsesSpecial)
    {
        fixed (byte* bytes = source)
        fixed (int* tokens = target)
        {
            return LlamaApi.llama_tokenize(
                _vocab,
                bytes,
                source.Length,
                tokens,
                target.Length,
                addsSpecial ? (byte)1 : (byte)0,
                parsesSpecial ? (byte)1 : (byte)0);
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

    /// <summary>The text of tokens, special ones spelled out.</summary>
    public string Text(ReadOnlySpan<int> tokens)
    {
        PieceDecoder decoder = new();
        StringBuilder text = new();
        foreach (int token in tokens)
        {
            text.Append(decoder.Append(PieceBytes(token, rendersSpecial: true)));
        }

        return text.Append(decoder.Finish()).ToString();
    }

    /// <summary>The bytes of a token.</summary>
    public byte[] PieceBytes(int token, bool rendersSpecial)
    {
        byte[] buffer = new byte[PieceBytesUsual];
        int count = Piece(token, rendersSpecial, ref buffer);
        return buffer[..count];
    }

    /// <summary>How likely a token was, in the form that travels.</summary>
    public TokenChance Describe(TokenChances chances, int token, int top)
    {
        TokenChance chance = Chance(chances, token);
        foreach (int other in chances.Likeliest(top))
        {
            chance.Top.Add(Chance(chances, other));
        }

        return chance;
    }

    /// <summary>A token in the form that travels, for its chance to be put in.</summary>
    public TokenChance Unweighed(int token) => new()
    {
        Token = (uint)token,
        Text = ByteString.CopyFrom(PieceBytes(token, rendersSpecial: true)),
    };

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

    private TokenChance Chance(TokenChances chances, int token)
    {
        TokenChance chance = Unweighed(token);
        chance.Logprob = chances.LogProbability(token);
        return chance;
    }

    private IEnumerable<string> SpecialTexts()
    {
        byte[] buffer = new byte[PieceBytesUsual];
        for (int token = 0; token < VocabularySize; token++)
        {
            if ((LlamaApi.llama_vocab_get_attr(_vocab, token) & SpecialAttributes) != 0)
            {
                int bytes = Piece(token, rendersSpecial: true, ref buffer);
                yield return Encoding.UTF8.GetString(buffer, 0, bytes);
            }
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
