using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using Xunit;

namespace Darkbloom.Repository.Tests;

/// <summary>The files of the repository, without what is built or belongs to others.</summary>
internal static class RepositoryFiles
{
    private static readonly ImmutableHashSet<string> Ignored =
        ["artifacts", "node_modules", "bin", "obj", ".git", ".vs", ".idea", ".darkbloom", "vendor", "BenchmarkDotNet.Artifacts"];

    private static readonly ImmutableHashSet<string> TextExtensions =
        [".cs", ".csproj", ".props", ".targets", ".md", ".sh", ".proto", ".json", ".cpp", ".h", ".py", ".txt", ".yml", ".js", ".mjs"];

    public static string Root { get; } = FindRoot();

    /// <summary>Every file, by its path from the root with forward slashes.</summary>
    public static ImmutableArray<string> All { get; } = [.. Enumerate(Root).Order(StringComparer.Ordinal)];

    /// <summary>Every file that people read.</summary>
    public static ImmutableArray<string> Texts { get; } =
        [.. All.Where(path => TextExtensions.Contains(Path.GetExtension(path)) || path is "darkbloom" or "Makefile" or ".ci/run")];

    public static ImmutableArray<string> Sources { get; } = [.. All.Where(path => path.EndsWith(".cs", StringComparison.Ordinal))];

    public static ImmutableArray<string> Documents { get; } = [.. All.Where(path => path.EndsWith(".md", StringComparison.Ordinal))];

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static bool Exists(string path) => File.Exists(Path.Combine(Root, path)) || Directory.Exists(Path.Combine(Root, path));

    /// <summary>Fails with one line for each finding.</summary>
    public static void AssertNone(IEnumerable<string> findings)
    {
        string text = string.Join(Environment.NewLine, findings);
        Assert.True(text.Length == 0, text);
    }

    private static IEnumerable<string> Enumerate(string directory)
    {
        foreach (string path in Directory.EnumerateFiles(directory))
        {
            // In a second working tree, .git is a file.
            if (Path.GetFileName(path) != ".git")
            {
                yield return Path.GetRelativePath(Root, path).Replace('\\', '/');
            }
        }

        foreach (string child in Directory.EnumerateDirectories(directory).Where(child => !Ignored.Contains(Path.GetFileName(child))))
        {
            foreach (string path in Enumerate(child))
            {
                yield return path;
            }
        }
    }

    private static string FindRoot([CallerFilePath] string self = "")
    {
        // A deterministic build writes other source paths into the program: then the program's own place leads to the root.
        foreach (string? start in (string?[])[AppContext.BaseDirectory, Path.GetDirectoryName(self)])
        {
            for (string? directory = start; directory is not null; directory = Path.GetDirectoryName(directory))
            {
                if (File.Exists(Path.Combine(directory, "Darkbloom.sln")))
                {
                    return directory;
                }
            }
        }

        throw new InvalidOperationException("Darkbloom.sln is in no directory above this test.");
    }
}
