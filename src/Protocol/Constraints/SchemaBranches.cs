using System.Collections.Generic;
using System.Text.Json;

namespace Darkbloom.Protocol.Constraints;

/// <summary>Tells values and branches of a schema apart.</summary>
internal static class SchemaBranches
{
    public static bool TryReadTypes(JsonElement type, List<string> types)
    {
        if (type.ValueKind == JsonValueKind.String)
        {
            types.Add(type.GetString()!);
        }
        else if (type.ValueKind == JsonValueKind.Array && type.GetArrayLength() > 0)
        {
            foreach (JsonElement one in type.EnumerateArray())
            {
                types.Add(one.ValueKind == JsonValueKind.String ? one.GetString()! : "");
            }
        }

        return types.Count > 0 && types.TrueForAll(static name =>
            name is "object" or "array" or "string" or "number" or "integer" or "boolean" or "null");
    }

    public static bool IsOfType(JsonElement value, JsonElement type)
    {
        List<string> types = [];
        return TryReadTypes(type, types) && types.Exists(name => name switch
        {
            "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
            _ => name == TypeOf(value),
        });
    }

    /// <summary>True when no value can match both; false when that isn't plain to see.</summary>
    public static bool AreDisjoint(JsonElement first, JsonElement second)
    {
        List<string> types = TypesOf(first);
        List<string> others = TypesOf(second);
        if (types.Count > 0 && others.Count > 0 && !types.Exists(others.Contains))
        {
            return true;
        }

        return ValuesOf(first) is { } values && ValuesOf(second) is { } otherValues
            ? !values.Exists(value => otherValues.Exists(other => JsonElement.DeepEquals(value, other)))
            : HasDistinctTag(first, second);
    }

    /// <summary>Both require a property, and no value of it is the same.</summary>
    private static bool HasDistinctTag(JsonElement first, JsonElement second)
    {
        if (!first.TryGetProperty("properties", out JsonElement properties) || !second.TryGetProperty("properties", out JsonElement others))
        {
            return false;
        }

        foreach (JsonProperty property in properties.EnumerateObject())
        {
            if (others.TryGetProperty(property.Name, out JsonElement other)
                && Requires(first, property.Name)
                && Requires(second, property.Name)
                && ValuesOf(property.Value) is not null
                && ValuesOf(other) is not null
                && AreDisjoint(property.Value, other))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Requires(JsonElement schema, string name)
    {
        if (schema.TryGetProperty("required", out JsonElement required) && required.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement one in required.EnumerateArray())
            {
                if (one.ValueKind == JsonValueKind.String && one.ValueEquals(name))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static List<JsonElement>? ValuesOf(JsonElement schema)
    {
        if (schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("const", out JsonElement value))
        {
            return [value];
        }

        return schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("enum", out JsonElement values)
            && values.ValueKind == JsonValueKind.Array
                ? [.. values.EnumerateArray()]
                : null;
    }

    private static List<string> TypesOf(JsonElement schema)
    {
        List<string> types = [];
        if (ValuesOf(schema) is { } values)
        {
            values.ForEach(value => types.Add(TypeOf(value)));
        }
        else if (schema.TryGetProperty("type", out JsonElement type) && TryReadTypes(type, types))
        {
            // Every integer is a number.
            types = types.ConvertAll(static name => name == "integer" ? "number" : name);
        }
        else
        {
            types.Clear();
        }

        return types;
    }

    private static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        _ => "null",
    };
}
