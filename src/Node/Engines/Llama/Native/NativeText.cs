using System.Runtime.InteropServices;

namespace Darkbloom.Node.Engines.Llama.Native;

/// <summary>Takes texts over from native memory.</summary>
internal static unsafe class NativeText
{
    public static string Read(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    /// <summary>Copies a text that the caller owns and frees it.</summary>
    public static string Take(byte* text)
    {
        string result = Read(text);
        Shim.dbl_free(text);
        return result;
    }
}
