using System.Runtime.InteropServices;

namespace Darkbloom.Node.Engines.Llama.Native;

/// <summary>ggml-backend.h of llama.cpp v0.4.0, under its own names.</summary>
internal static unsafe partial class GgmlBackend
{
    [LibraryImport(NativeLibraries.Ggml, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void ggml_backend_load_all_from_path(string directory);

    [LibraryImport(NativeLibraries.Ggml)]
    public static partial nuint ggml_backend_dev_count();

    [LibraryImport(NativeLibraries.Ggml)]
    public static partial nint ggml_backend_dev_get(nuint index);

    [LibraryImport(NativeLibraries.GgmlBase)]
    public static partial byte* ggml_backend_dev_description(nint device);
}
