using System;
using System.IO;

namespace Darkbloom.Cli.Tests;

/// <summary>A directory that is gone after the test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string FullPath { get; } = Directory.CreateTempSubdirectory("darkbloom-cli-tests-").FullName;

    public string Write(string name, string text, bool isPrivate = true)
    {
        string path = Path.Combine(FullPath, name);
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
        {
            UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            File.SetUnixFileMode(path, isPrivate ? mode : mode | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }

        return path;
    }

    public void Dispose() => Directory.Delete(FullPath, recursive: true);
}
