using System;
using System.IO;
using System.Text.Json;
using Xunit;

namespace Darkbloom.Protocol.Tests;

/// <summary>Published test vectors that lie beside the repository, in ../shared/vectors, where they were collected.</summary>
internal static class SharedVectors
{
    private static readonly string? Root = Find();

    internal static bool Exist(string path) => Root is not null && File.Exists(Path.Combine(Root, path));

    internal static JsonDocument Read(string path) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Root!, path)));

    internal static byte[] Bytes(this JsonElement element, string property) =>
        Convert.FromHexString(element.GetProperty(property).GetString()!);

    /// <summary>The nearest shared/vectors beside any folder above the test assembly.</summary>
    private static string? Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared", "vectors");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}

/// <summary>A test over published vectors, skipped by name where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class VectorFactAttribute : FactAttribute
{
    public VectorFactAttribute(string path)
    {
        if (!SharedVectors.Exist(path))
        {
            Skip = $"../shared/vectors/{path} is not there";
        }
    }
}
