using System;
using System.Runtime.InteropServices;

namespace Darkbloom.Node.Engines.Llama.Native;

/// <summary>Proves at start that the structs and signatures written here are those of the library that was loaded.</summary>
/// <remarks>llama.cpp promises no stable ABI: with another version every call below is undefined behaviour.</remarks>
internal static class NativeLayout
{
    public const string LlamaVersion = "0.4.0";
    public const int ShimVersion = 2;

    private const int ModelParamsBytes = 80;
    private const int ContextParamsBytes = 160;
    private const int BatchBytes = 56;
    private const int TokenDataBytes = 12;
    private const int TokenDataArrayBytes = 32;

    /// <exception cref="EngineUnavailableException">The library or this process has another layout.</exception>
    public static unsafe void Verify()
    {
        VerifySize(nameof(LlamaModelParams), sizeof(LlamaModelParams), ModelParamsBytes);
        VerifySize(nameof(LlamaContextParams), sizeof(LlamaContextParams), ContextParamsBytes);
        VerifySize(nameof(LlamaBatch), sizeof(LlamaBatch), BatchBytes);
        VerifySize(nameof(LlamaTokenData), sizeof(LlamaTokenData), TokenDataBytes);
        VerifySize(nameof(LlamaTokenDataArray), sizeof(LlamaTokenDataArray), TokenDataArrayBytes);
        VerifyVersion(Marshal.PtrToStringUTF8((nint)LlamaApi.llama_version()) ?? "");
        if (Shim.dbl_abi_version() != ShimVersion)
        {
            throw new EngineUnavailableException(
                $"The shim speaks version {Shim.dbl_abi_version()}, this build needs {ShimVersion}: build the project again.");
        }
    }

    public static void VerifyVersion(string version)
    {
        if (!version.StartsWith(LlamaVersion, StringComparison.Ordinal))
        {
            throw new EngineUnavailableException($"llama.cpp {version} was found, this build needs {LlamaVersion}.");
        }
    }

    public static void VerifySize(string name, int actual, int expected)
    {
        if (actual != expected)
        {
            throw new EngineUnavailableException($"{name} has {actual} bytes here, llama.cpp {LlamaVersion} has {expected}.");
        }
    }
}
