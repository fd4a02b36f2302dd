using System;
using System.Runtime.InteropServices;
using Darkbloom.Node.Engines.Llama.Native;

namespace Darkbloom.Node.Engines.Whisper.Native;

/// <summary>Proves at start that the structs written here are those of the library that was loaded.</summary>
internal static class WhisperLayout
{
    public const string WhisperVersion = "1.9.1";

    private const int ContextParamsBytes = 48;
    private const int FullParamsBytes = 304;
    private const int VadParamsBytes = 24;
    private const int TokenDataBytes = 56;

    /// <exception cref="EngineUnavailableException">The library or this process has another layout.</exception>
    public static unsafe void Verify()
    {
        NativeLayout.VerifySize(nameof(WhisperContextParams), sizeof(WhisperContextParams), ContextParamsBytes);
        NativeLayout.VerifySize(nameof(WhisperFullParams), sizeof(WhisperFullParams), FullParamsBytes);
        NativeLayout.VerifySize(nameof(WhisperVadParams), sizeof(WhisperVadParams), VadParamsBytes);
        NativeLayout.VerifySize(nameof(WhisperTokenData), sizeof(WhisperTokenData), TokenDataBytes);
        string version = Marshal.PtrToStringUTF8((nint)WhisperApi.whisper_version()) ?? "";
        if (!string.Equals(version, WhisperVersion, StringComparison.Ordinal))
        {
            throw new EngineUnavailableException($"whisper.cpp {version} was found, this build needs {WhisperVersion}.");
        }
    }
}
