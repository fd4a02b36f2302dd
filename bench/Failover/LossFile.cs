using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Darkbloom.Bench.Failover;

/// <summary>Losses as lines of JSON, so that many of them can be measured in several short runs.</summary>
internal sealed class LossFile
{
    private readonly string _path;
    private readonly List<Loss> _losses = [];

    private LossFile(string path) => _path = path;

    public IReadOnlyList<Loss> Losses => _losses;

    /// <summary>Forgets what earlier runs measured.</summary>
    public static LossFile Create(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, "");
        return new LossFile(path);
    }

    /// <summary>Takes over what earlier runs measured.</summary>
    public static LossFile Continue(string path)
    {
        if (!File.Exists(path))
        {
            return Create(path);
        }

        LossFile file = new(path);
        foreach (string line in File.ReadLines(path))
        {
            file._losses.Add(JsonSerializer.Deserialize(line, LossJson.Default.Loss) ?? throw new InvalidDataException($"{path} holds no loss."));
        }

        return file;
    }

    public void Add(Loss loss)
    {
        _losses.Add(loss);
        File.AppendAllText(_path, JsonSerializer.Serialize(loss, LossJson.Default.Loss) + "\n");
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Loss))]
internal sealed partial class LossJson : JsonSerializerContext;
