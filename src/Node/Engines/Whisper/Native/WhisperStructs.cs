using System.Runtime.InteropServices;

// The members have whisper.h's names and order; WhisperLayout checks the sizes.
#pragma warning disable IDE1006, CA1051

namespace Darkbloom.Node.Engines.Whisper.Native;

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct WhisperContextParams
{
    public byte use_gpu;
    public byte flash_attn;
    public int gpu_device;
    public byte dtw_token_timestamps;
    public int dtw_aheads_preset;
    public int dtw_n_top;
    public nuint dtw_aheads_n_heads;
    public void* dtw_aheads_heads;
    public nuint dtw_mem_size;
}

[StructLayout(LayoutKind.Sequential)]
internal struct WhisperVadParams
{
    public float threshold;
    public int min_speech_duration_ms;
    public int min_silence_duration_ms;
    public float max_speech_duration_s;
    public int speech_pad_ms;
    public float samples_overlap;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct WhisperFullParams
{
    public int strategy;
    public int n_threads;
    public int n_max_text_ctx;
    public int offset_ms;
    public int duration_ms;
    public byte translate;
    public byte no_context;
    public byte no_timestamps;
    public byte single_segment;
    public byte print_special;
    public byte print_progress;
    public byte print_realtime;
    public byte print_timestamps;
    public byte token_timestamps;
    public float thold_pt;
    public float thold_ptsum;
    public int max_len;
    public byte split_on_word;
    public int max_tokens;
    public byte debug_mode;
    public int audio_ctx;
    public byte tdrz_enable;
    public byte* suppress_regex;
    public byte* initial_prompt;
    public byte carry_initial_prompt;
    public int* prompt_tokens;
    public int prompt_n_tokens;
    public byte* language;
    public byte detect_language;
    public byte suppress_blank;
    public byte suppress_nst;
    public float temperature;
    public float max_initial_ts;
    public float length_penalty;
    public float temperature_inc;
    public float entropy_thold;
    public float logprob_thold;
    public float no_speech_thold;
    public int greedy_best_of;
    public int beam_search_beam_size;
    public float beam_search_patience;
    public delegate* unmanaged[Cdecl]<nint, nint, int, void*, void> new_segment_callback;
    public void* new_segment_callback_user_data;
    public delegate* unmanaged[Cdecl]<nint, nint, int, void*, void> progress_callback;
    public void* progress_callback_user_data;
    public delegate* unmanaged[Cdecl]<nint, nint, void*, byte> encoder_begin_callback;
    public void* encoder_begin_callback_user_data;
    public delegate* unmanaged[Cdecl]<void*, byte> abort_callback;
    public void* abort_callback_user_data;
    public void* logits_filter_callback;
    public void* logits_filter_callback_user_data;
    public void* grammar_rules;
    public nuint n_grammar_rules;
    public nuint i_start_rule;
    public float grammar_penalty;
    public byte vad;
    public byte* vad_model_path;
    public WhisperVadParams vad_params;
}

[StructLayout(LayoutKind.Sequential)]
internal struct WhisperTokenData
{
    public int id;
    public int tid;
    public float p;
    public float plog;
    public float pt;
    public float ptsum;
    public long t0;
    public long t1;
    public long t_dtw;
    public float vlen;
}
