using System;
using System.IO;

namespace Darkbloom.Rendezvous.Tests.Hosting;

/// <summary>A directory that lives as long as one test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("darkbloom-rendezvous-").FullName;

    public string Sub(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Copies the files as they are at this moment: what a killed process would leave behind.</summary>
    public string CopyOf(string directory, string name)
    {
        string target = Sub(name);
        foreach (string file in Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories))
        {
            string copy = System.IO.Path.Combine(target, System.IO.Path.GetRelativePath(directory, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        return target;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
