using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Darkbloom.Node.Engines.Whisper.Native;

namespace Darkbloom.Node.Engines.Llama.Native;

/// <summary>Keeps the native side quiet and remembers its last error for the message of a failed load.</summary>
/// <remarks>
/// Only errors and warnings are looked at, and only while a model is being loaded: what the libraries say later can
/// quote a prompt.
/// </remarks>
internal static unsafe class NativeLog
{
    private const int WarningLevel = 3;
    private const int ErrorLevel = 4;
    private const int CharactersMax = 400;

    [ThreadStatic]
    private static StringBuilder? t_capture;

    public static void Attach()
    {
        LlamaApi.llama_log_set(&OnMessage, null);
        WhisperApi.whisper_log_set(&OnMessage, null);
    }

    /// <summary>Starts to collect what this thread's native calls complain about.</summary>
    public static void BeginCapture() => t_capture = new StringBuilder();

    public static string EndCapture()
    {
        string text = t_capture?.ToString().Trim().ReplaceLineEndings("; ") ?? "";
        t_capture = null;
        return text;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnMessage(int level, byte* text, void* userData)
    {
        if (level is WarningLevel or ErrorLevel && text != null && t_capture is { Length: < CharactersMax } capture)
        {
            capture.Append(Marshal.PtrToStringUTF8((nint)text));
        }
    }
}
