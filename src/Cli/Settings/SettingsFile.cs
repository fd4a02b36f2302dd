using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;

namespace Darkbloom.Cli.Settings;

/// <summary>A configuration file: one JSON object, comments and trailing commas welcome.</summary>
internal sealed class SettingsFile
{
    private const long FileBytesMax = 1 << 20;

    private readonly Dictionary<string, string> _values;

    private SettingsFile(string path, Dictionary<string, string> values, bool isPrivate)
    {
        Path = path;
        _values = values;
        IsPrivate = isPrivate;
    }

    public string Path { get; }

    /// <summary>Whether nobody but its owner can read it.</summary>
    public bool IsPrivate { get; }

    public string? Value(string key) => _values.GetValueOrDefault(key);

    /// <exception cref="SettingException">The file can't be read, is no JSON object, or holds an unknown key.</exception>
    public static SettingsFile Load(string path)
    {
        try
        {
            if (new FileInfo(path).Length > FileBytesMax)
            {
                throw new SettingException($"{path}: larger than {FileBytesMax} bytes, so hardly a configuration file.");
            }

            bool isPrivate = OperatingSystem.IsWindows()
                || (File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) == 0;
            return new SettingsFile(path, Parse(path, File.ReadAllBytes(path)), isPrivate);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SettingException($"{path}: cannot be read: {exception.Message}");
        }
    }

    private static Dictionary<string, string> Parse(string path, byte[] bytes)
    {
        JsonDocumentOptions options = new()
        {
            CommentHandling = JsonCommentHandling.Skip,
            AllowTrailingCommas = true,
            AllowDuplicateProperties = false,
        };
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, options);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new SettingException($"{path}: expected one JSON object, as in {{ \"model\": \"darkbloom-tiny\" }}.");
            }

            return Read(path, document.RootElement);
        }
        catch (JsonException exception)
        {
            throw new SettingException(exception.LineNumber is { } line
                ? $"{path}, line {line + 1}, byte {exception.BytePositionInLine + 1}: not valid JSON. Check for a missing comma or quote before it."
                : $"{path}: {exception.Message}");
        }
    }

    private static Dictionary<string, string> Read(string path, JsonElement root)
    {
        HashSet<string> known = [.. KnownSettings.All.Select(setting => setting.Name),
            .. KnownSettings.All.Where(setting => setting.IsSecret).Select(setting => setting.FileKey)];
        Dictionary<string, string> values = [];
        List<string> problems = [];
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (!known.Contains(property.Name))
            {
                string suggestion = Spelling.Nearest(property.Name, known) is { } nearest ? $" Did you mean '{nearest}'?" : "";
                problems.Add($"{path}: unknown key '{property.Name}'.{suggestion} Known keys: {string.Join(", ", known.Order(StringComparer.Ordinal))}.");
            }
            else if (Text(property.Value) is { } text)
            {
                values[property.Name] = text;
            }
            else
            {
                problems.Add($"{path}: '{property.Name}' is {Kind(property.Value)}: give it a string, a number or a list of strings.");
            }
        }

        return problems.Count == 0 ? values : throw new SettingException([.. problems]);
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.Array when value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
            string.Join(',', value.EnumerateArray().Select(item => item.GetString())),
        _ => null,
    };

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list of other things than strings",
        JsonValueKind.Null => "null",
        _ => "a boolean",
    };
}
