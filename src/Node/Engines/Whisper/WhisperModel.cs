using System;
using Darkbloom.Node.Engines.Llama.Native;
using Darkbloom.Node.Engines.Whisper.Native;
using Darkbloom.Node.Models;

namespace Darkbloom.Node.Engines.Whisper;

/// <summary>Weights, vocabulary and one state in native memory; one thread at a time uses it.</summary>
internal sealed unsafe class WhisperModel : IDisposable
{
    private WhisperModel(WhisperContextHandle context, WhisperStateHandle state, WhisperFile file)
    {
        (Context, State, File) = (context, state, file);
        IsMultilingual = WhisperApi.whisper_is_multilingual(context) != 0;
        EndOfText = WhisperApi.whisper_token_eot(context);
    }

    public WhisperContextHandle Context { get; }

    public WhisperStateHandle State { get; }

    public WhisperFile File { get; }

    /// <summary>False: it hears English only.</summary>
    public bool IsMultilingual { get; }

    /// <summary>The first token that isn't text.</summary>
    public int EndOfText { get; }

    /// <exception cref="InvalidModelException">The file is missing, damaged or of no kind that whisper.cpp can run.</exception>
    public static WhisperModel Load(string path, bool usesGpu)
    {
        WhisperFile file = WhisperFileReader.ReadFile(path);
        NativeLibraries.Load();
        WhisperContextParams parameters = WhisperApi.whisper_context_default_params();
        parameters.use_gpu = usesGpu ? (byte)1 : (byte)0;
        NativeLog.BeginCapture();
        WhisperContextHandle context = new(WhisperApi.dbw_init(path, parameters));
        WhisperStateHandle? state = context.IsInvalid ? null : new(WhisperApi.dbw_init_state(context), context);
        string complaint = NativeLog.EndCapture();
        if (state is null || state.IsInvalid)
        {
            state?.Dispose();
            context.Dispose();
            throw new InvalidModelException($"{path}: whisper.cpp cannot load it: {complaint}");
        }

        return new WhisperModel(context, state, file);
    }

    /// <summary>Whether the model hears a language, by its ISO 639-1 code.</summary>
    public bool Hears(string language) =>
        IsMultilingual ? WhisperApi.whisper_lang_id(language) >= 0 : string.Equals(language, "en", StringComparison.Ordinal);

    /// <summary>The bytes of a token of text: half a character may be one.</summary>
    public ReadOnlySpan<byte> Piece(int token) =>
        System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(WhisperApi.whisper_token_to_str(Context, token));

    public void Dispose()
    {
        State.Dispose();
        Context.Dispose();
    }
}
