using System;
using System.IO;

namespace Darkbloom.Gateway.Storage;

/// <summary>Files that nobody but their owner reads.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static void CreateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            _ = Directory.CreateDirectory(path);
        }
        else if (!Directory.Exists(path))
        {
            _ = Directory.CreateDirectory(path, OwnerOnlyFile | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Writes beside the target and renames: a crash leaves the old content or the new one.</summary>
    /// <param name="unfinishedEnd">What the name of the file beside the target ends with.</param>
    public static void Replace(string path, string unfinishedEnd, ReadOnlySpan<byte> content)
    {
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnlyFile;
        }

        using (FileStream file = new(path + unfinishedEnd, options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(path + unfinishedEnd, path, overwrite: true);
    }
}
