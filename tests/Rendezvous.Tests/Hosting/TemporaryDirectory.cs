using System;
using System.IO;
using System.Linq;

namespace Darkbloom.Rendezvous.Tests.Hosting;

/// <summary>A directory that lives as long as one test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("darkbloom-rendezvous-").FullName;

    public string Sub(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Copies the files as they are at this moment: what a killed process would leave behind.</summary>
    /// <remarks>The deepest go first, so that no commit file is copied without the log that it speaks of.</remarks>
    public string CopyOf(string directory, string name)
    {
        string target = Sub(name);
        foreach (string file in Directory.GetFiles(directory, "*", SearchOption.AllDirectories).OrderByDescending(Depth))
        {
            string copy = System.IO.Path.Combine(target, System.IO.Path.GetRelativePath(directory, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(copy)!);
            try
            {
                File.Copy(file, copy);
            }
            catch (FileNotFoundException)
            {
                // An outdated commit file goes in the background.
            }
        }
        return target;
    }

    private static int Depth(string path) => path.Count(character => character == System.IO.Path.DirectorySeparatorChar);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
