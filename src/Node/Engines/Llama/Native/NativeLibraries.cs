using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using Darkbloom.Node.Engines.Whisper.Native;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace Darkbloom.Node.Engines.Llama.Native;

/// <summary>Finds and loads the native libraries that ship in <c>engines/llama</c> beside this assembly.</summary>
/// <remarks>
/// The loader is given full paths: what LD_LIBRARY_PATH or the system's folders hold is never taken. File names
/// differ between systems (libllama.v0.4.0.so, libllama.metal.v0.4.0.dylib), so a library is found by its stem.
/// </remarks>
internal static class NativeLibraries
{
    public const string Llama = "llama";
    public const string Ggml = "ggml";
    public const string GgmlBase = "ggml-base";
    public const string Shim = "darkbloom_shim";
    public const string Whisper = "whisper";

    // A library comes after the ones it needs, so that a missing file is reported by its own name.
    private static readonly string[] LoadOrder = [GgmlBase, Ggml, Llama, Shim, Whisper];

    private static readonly Dictionary<string, nint> Handles = new(StringComparer.Ordinal);
    private static readonly Lock Gate = new();
    private static bool s_isLoaded;

    public static string Directory { get; } = Path.Combine(AppContext.BaseDirectory, "engines", "llama");

    /// <summary>Loads everything and picks the processor's backend, once in a process.</summary>
    /// <exception cref="EngineUnavailableException">A library is missing, damaged or of another version.</exception>
    public static void Load()
    {
        lock (Gate)
        {
            if (s_isLoaded)
            {
                return;
            }

            // Without it ggml starts a debugger to print a backtrace when it aborts.
            Environment.SetEnvironmentVariable("GGML_NO_BACKTRACE", "1");
            foreach (string stem in LoadOrder)
            {
                Handles.TryAdd(stem, LoadOne(stem));
            }

            NativeLayout.Verify();
            WhisperLayout.Verify();
            NativeLog.Attach();
            GgmlBackend.ggml_backend_load_all_from_path(Directory);
            if (GgmlBackend.ggml_backend_dev_count() == 0)
            {
                throw new EngineUnavailableException($"No llama.cpp backend in {Directory} runs on this processor.");
            }

            LlamaApi.llama_backend_init();
            s_isLoaded = true;
        }
    }

    // A P/Invoke binds when its caller is compiled: a resolver that is registered later than that is never asked.
#pragma warning disable CA2255 // Nothing of the application has to be known for it.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void RegisterResolver() =>
        NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), static (name, _, _) =>
            Handles.TryGetValue(name, out nint handle) ? handle : 0);

    private static nint LoadOne(string stem)
    {
        string path = Find(stem) ?? throw new EngineUnavailableException(
            $"The native library lib{stem} is missing in {Directory}. Build the project again; it needs npm and a C++ compiler.");
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            throw new EngineUnavailableException($"The native library {path} does not load: {exception.Message}");
        }
    }

    private static string? Find(string stem)
    {
        if (!System.IO.Directory.Exists(Directory))
        {
            return null;
        }

        foreach (string path in System.IO.Directory.EnumerateFiles(Directory, $"lib{stem}.*"))
        {
            if (path.EndsWith(".so", StringComparison.Ordinal) || path.EndsWith(".dylib", StringComparison.Ordinal))
            {
                return path;
            }
        }

        return null;
    }
}
