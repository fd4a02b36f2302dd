using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Darkbloom.Simulations.Fleet;

/// <summary>Reads scenarios: those that come with the simulator, and a person's own.</summary>
public static class ScenarioFile
{
    private const string Folder = "Darkbloom.Simulations.Scenarios.";
    private const string Extension = ".json";

    /// <summary>By reflection: generated readers would forget the defaults of what a file leaves out.</summary>
    private static readonly JsonSerializerOptions _json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private static readonly JsonDocumentOptions _reading = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>The scenarios that come with the simulator, by name.</summary>
    public static IReadOnlyList<string> Known { get; } =
    [
        .. typeof(ScenarioFile).Assembly.GetManifestResourceNames()
            .Where(static name => name.StartsWith(Folder, StringComparison.Ordinal) && name.EndsWith(Extension, StringComparison.Ordinal))
            .Select(static name => name[Folder.Length..^Extension.Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The text of a scenario that comes with the simulator; null when there is none of the name.</summary>
    public static string? Text(string name)
    {
        using Stream? stream = typeof(ScenarioFile).Assembly.GetManifestResourceStream(Folder + name + Extension);
        if (stream is null)
        {
            return null;
        }

        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    /// <summary>Reads a scenario, with some of its values replaced.</summary>
    /// <param name="settings">Paths with dots and JSON values: <c>fleet.macs=1000</c>.</param>
    /// <exception cref="FormatException">It says what is wrong, where, and what is possible.</exception>
    public static FleetScenario Read(string text, IEnumerable<string> settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        FleetScenario? scenario;
        try
        {
            JsonObject root = JsonNode.Parse(text, documentOptions: _reading) as JsonObject
                ?? throw new FormatException("A scenario is a JSON object.");
            foreach (string setting in settings)
            {
                Replace(root, setting);
            }

            scenario = root.Deserialize<FleetScenario>(_json);
        }
        catch (JsonException e)
        {
            throw new FormatException($"{(e.Path is { Length: > 0 } path ? path : "The scenario")}: {e.Message}", e);
        }

        return scenario is null ? throw new FormatException("The scenario is empty.") : ScenarioRules.Checked(scenario);
    }

    public static JsonNode ToJson(FleetScenario scenario) =>
        JsonSerializer.SerializeToNode(scenario, _json)!;

    private static void Replace(JsonObject root, string setting)
    {
        int equals = setting.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            throw new FormatException($"{setting}: write a path, an equals sign and a value, as in fleet.macs=1000.");
        }

        string[] path = setting[..equals].Split('.');
        JsonObject at = root;
        foreach (string part in path[..^1])
        {
            if (at[part] is not JsonObject next)
            {
                at[part] = next = [];
            }

            at = next;
        }

        string value = setting[(equals + 1)..];
        at[path[^1]] = Parsed(value);
    }

    /// <summary>A value as JSON; what is no JSON is a text.</summary>
    private static JsonNode? Parsed(string value)
    {
        try
        {
            return JsonNode.Parse(value);
        }
        catch (JsonException)
        {
            return JsonValue.Create(value);
        }
    }
}
