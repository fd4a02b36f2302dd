using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Darkbloom.Node.Models;

/// <summary>The file in which a folder of models keeps what it knows of them.</summary>
/// <remarks>It is replaced whole, by a rename: a reader sees the old list or the new one.</remarks>
internal static class ModelIndex
{
    public const string FileName = "index.json";
    public const int ModelsMax = 4096;
    public const long FileBytesMax = 8 * 1024 * 1024;

    private const int FormatVersion = 1;

    /// <summary>The models of a folder; none when it has no index.</summary>
    /// <exception cref="InvalidModelException">The index is damaged; the message names it.</exception>
    public static IReadOnlyList<ModelEntry> Read(string directory)
    {
        string path = Path.Combine(directory, FileName);
        try
        {
            if (!File.Exists(path))
            {
                return [];
            }

            if (new FileInfo(path).Length > FileBytesMax)
            {
                throw new InvalidModelException($"{path}: larger than {FileBytesMax} bytes");
            }

            ModelIndexFile? file = JsonSerializer.Deserialize(File.ReadAllBytes(path), ModelIndexJson.Default.ModelIndexFile);
            if (file is not { Version: FormatVersion, Models.Count: <= ModelsMax })
            {
                throw new InvalidModelException($"{path}: not a model index of version {FormatVersion}");
            }

            List<ModelEntry> entries = [];
            foreach (ModelEntry? entry in file.Models)
            {
                entries.Add(Checked(entry, directory, path));
            }

            return entries;
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidModelException($"{path}: the model index cannot be read: {exception.Message}", exception);
        }
    }

    public static void Write(string directory, IReadOnlyList<ModelEntry> entries)
    {
        string path = Path.Combine(directory, FileName);
        string unfinished = $"{path}.{Guid.NewGuid():N}";
        try
        {
            using (FileStream stream = new(unfinished, FileMode.CreateNew, FileAccess.Write))
            {
                JsonSerializer.Serialize(stream, new ModelIndexFile(FormatVersion, entries), ModelIndexJson.Default.ModelIndexFile);
                stream.Flush(flushToDisk: true);
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    // Paths in the folder are written without it, so that the folder can move.
    private static ModelEntry Checked(ModelEntry? entry, string directory, string index) =>
        entry is { Id.Length: > 0, Path.Length: > 0, Sha256.Length: 64, SizeBytes: >= 0, ContextTokens: >= 0, Architecture: not null }
            ? entry with { Path = Path.GetFullPath(entry.Path, directory) }
            : throw new InvalidModelException($"{index}: an entry lacks its id, path or hash");
}

internal sealed record ModelIndexFile(int Version, IReadOnlyList<ModelEntry> Models);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ModelIndexFile))]
internal sealed partial class ModelIndexJson : JsonSerializerContext;
