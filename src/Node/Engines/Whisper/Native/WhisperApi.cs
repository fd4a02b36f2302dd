using System.Runtime.InteropServices;
using Darkbloom.Node.Engines.Llama.Native;

namespace Darkbloom.Node.Engines.Whisper.Native;

/// <summary>whisper.h of whisper.cpp 1.9.1 under its own names, and what native/shim/darkbloom_whisper.cpp adds to it.</summary>
internal static unsafe partial class WhisperApi
{
    private const string Library = NativeLibraries.Whisper;

    [LibraryImport(Library)]
    public static partial byte* whisper_version();

    [LibraryImport(Library)]
    public static partial void whisper_log_set(delegate* unmanaged[Cdecl]<int, byte*, void*, void> callback, void* userData);

    [LibraryImport(Library)]
    public static partial WhisperContextParams whisper_context_default_params();

    [LibraryImport(Library)]
    public static partial WhisperFullParams whisper_full_default_params(int strategy);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint dbw_init(string path, WhisperContextParams parameters);

    [LibraryImport(Library)]
    public static partial void whisper_free(nint context);

    [LibraryImport(Library)]
    public static partial nint dbw_init_state(WhisperContextHandle context);

    [LibraryImport(Library)]
    public static partial void whisper_free_state(nint state);

    [LibraryImport(Library)]
    public static partial void dbw_set_abort_callback(WhisperStateHandle state, delegate* unmanaged[Cdecl]<void*, byte> callback, void* userData);

    [LibraryImport(Library)]
    public static partial int dbw_full(
        WhisperContextHandle context, WhisperStateHandle state, WhisperFullParams parameters, float* samples, int count);

    [LibraryImport(Library)]
    public static partial int whisper_is_multilingual(WhisperContextHandle context);

    [LibraryImport(Library)]
    public static partial int whisper_n_text_ctx(WhisperContextHandle context);

    [LibraryImport(Library)]
    public static partial int whisper_token_eot(WhisperContextHandle context);

    [LibraryImport(Library)]
    public static partial byte* whisper_token_to_str(WhisperContextHandle context, int token);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int whisper_lang_id(string language);

    [LibraryImport(Library)]
    public static partial byte* whisper_lang_str(int id);

    // What follows is called from within a callback, where the state is whisper.cpp's own argument.

    [LibraryImport(Library)]
    public static partial int whisper_full_n_segments_from_state(nint state);

    [LibraryImport(Library)]
    public static partial int whisper_full_lang_id_from_state(nint state);

    [LibraryImport(Library)]
    public static partial long whisper_full_get_segment_t0_from_state(nint state, int segment);

    [LibraryImport(Library)]
    public static partial long whisper_full_get_segment_t1_from_state(nint state, int segment);

    [LibraryImport(Library)]
    public static partial byte* whisper_full_get_segment_text_from_state(nint state, int segment);

    [LibraryImport(Library)]
    public static partial float whisper_full_get_segment_no_speech_prob_from_state(nint state, int segment);

    [LibraryImport(Library)]
    public static partial int whisper_full_n_tokens_from_state(nint state, int segment);

    [LibraryImport(Library)]
    public static partial WhisperTokenData whisper_full_get_token_data_from_state(nint state, int segment, int token);
}
