using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Darkbloom.Conformance.Exchanges;

/// <summary>Compares JSON by shape: every recorded key must be there with its JSON type; values and further keys don't count.</summary>
public static class ShapeComparison
{
    /// <summary>
    /// Where OpenAI itself says null for one model, or one month, and a word for another; and what a batch has reached,
    /// which depends on when it is looked at.
    /// </summary>
    private static readonly string[] SometimesNull =
    [
        ".reasoning.effort", ".reasoning.context", ".prompt_cache_retention", ".in_progress_at", ".finalizing_at", ".completed_at", ".cancelled_at",
        ".cancelling_at", ".model", ".output_file_id",
    ];

    public static void Compare(JsonNode? recorded, JsonNode? actual, string path, Action<string> note)
    {
        if (KindOf(recorded) != KindOf(actual))
        {
            if ((actual is null || recorded is null) && SometimesNull.Any(end => path.EndsWith(end, StringComparison.Ordinal)))
            {
                return;
            }

            note($"{path} is {KindOf(actual)}, recorded {KindOf(recorded)}");
        }
        else if (recorded is JsonObject recordedObject)
        {
            CompareObjects(recordedObject, actual!.AsObject(), path, note);
        }
        else if (recorded is JsonArray recordedArray)
        {
            CompareArrays(recordedArray, actual!.AsArray(), path, note);
        }
    }

    private static void CompareObjects(JsonObject recorded, JsonObject actual, string path, Action<string> note)
    {
        foreach ((string key, JsonNode? value) in recorded)
        {
            if (!actual.TryGetPropertyValue(key, out JsonNode? found))
            {
                note($"{path}.{key} is missing");
            }
            else
            {
                Compare(value, found, $"{path}.{key}", note);
            }
        }
    }

    /// <summary>The first element of each type that both have: how many there are is up to the model, as is what it has to say.</summary>
    private static void CompareArrays(JsonArray recorded, JsonArray actual, string path, Action<string> note)
    {
        HashSet<string> compared = [];
        foreach (JsonNode? element in recorded)
        {
            string type = TypeOf(element);
            if (compared.Add(type) && actual.FirstOrDefault(other => TypeOf(other) == type) is { } counterpart)
            {
                Compare(element, counterpart, type.Length > 0 ? $"{path}[{type}]" : $"{path}[0]", note);
            }
        }
    }

    private static string TypeOf(JsonNode? element) =>
        element is JsonObject typed && typed["type"] is JsonValue type && type.GetValueKind() == JsonValueKind.String ? type.GetValue<string>() : "";

    private static JsonValueKind KindOf(JsonNode? node) => node?.GetValueKind() switch
    {
        null => JsonValueKind.Null,
        JsonValueKind.False => JsonValueKind.True,
        { } kind => kind,
    };
}
