using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;

namespace Darkbloom.Protocol.Constraints;

/// <summary>Tells whether an answer can be held to a JSON schema in full.</summary>
/// <remarks>
/// Grammars say what may come next; some keywords compare values that are far apart, and those a grammar can't express
/// are ignored by the engines' compilers. An answer that breaks its schema without a word is worse than a refusal, so
/// everything is refused that isn't known to be obeyed. A gateway checks before it sends, a node before it computes.
/// </remarks>
public sealed class OutputSchema
{
    /// <summary>Schemas within one schema, however deep.</summary>
    public const int NodesMax = 2000;

    /// <summary>A grammar's tokens are tried against every value of an enum.</summary>
    public const int EnumValuesMax = 1000;

    /// <summary>A repetition is written out by the compiler.</summary>
    public const int RepetitionsMax = 1000;

    /// <summary>An output of this kind has no end that a model would reach.</summary>
    private const int ReferencesInARowMax = 32;

    private readonly JsonElement _root;
    private int _nodes;

    private OutputSchema(JsonElement root)
    {
        _root = root;
    }

    /// <summary>Null when every answer that the grammar allows obeys the schema.</summary>
    public static SchemaFault? FindFault(JsonElement schema)
    {
        OutputSchema check = new(schema);
        return check.Check(schema, "") ?? check.CheckDefinitions(schema, "");
    }

    /// <summary>Whether a grammar can follow the regular expression, in bounded time.</summary>
    public static bool CanFollow(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return PatternSubset.FindFault(pattern).Length == 0;
    }

    private SchemaFault? CheckDefinitions(JsonElement schema, string path)
    {
        foreach (string keyword in (ReadOnlySpan<string>)["$defs", "definitions"])
        {
            if (!schema.TryGetProperty(keyword, out JsonElement definitions))
            {
                continue;
            }

            if (definitions.ValueKind != JsonValueKind.Object || path.Length > 0)
            {
                return new SchemaFault(Join(path, keyword), "definitions are an object at the root of the schema");
            }

            foreach (JsonProperty definition in definitions.EnumerateObject())
            {
                if (Check(definition.Value, $"{keyword}.{definition.Name}") is { } fault)
                {
                    return fault;
                }
            }
        }

        return null;
    }

    private SchemaFault? Check(JsonElement schema, string path)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            return new SchemaFault(path, "a schema is an object here");
        }

        if (++_nodes > NodesMax)
        {
            return new SchemaFault(path, string.Create(CultureInfo.InvariantCulture, $"the schema has more than {NodesMax} parts"));
        }

        if (path.Length > 0 && (schema.TryGetProperty("$defs", out _) || schema.TryGetProperty("definitions", out _)))
        {
            return CheckDefinitions(schema, path);
        }

        return schema switch
        {
            _ when schema.TryGetProperty("$ref", out JsonElement reference) => CheckAlone(schema, path, "$ref") ?? CheckReference(reference, path),
            _ when schema.TryGetProperty("anyOf", out JsonElement any) => CheckAlone(schema, path, "anyOf") ?? CheckUnion(any, Join(path, "anyOf"), isExclusive: false),
            _ when schema.TryGetProperty("oneOf", out JsonElement one) => CheckAlone(schema, path, "oneOf") ?? CheckUnion(one, Join(path, "oneOf"), isExclusive: true),
            _ when schema.TryGetProperty("const", out JsonElement value) => CheckAlone(schema, path, "const", "type") ?? CheckValue(schema, value, Join(path, "const")),
            _ when schema.TryGetProperty("enum", out JsonElement values) => CheckAlone(schema, path, "enum", "type") ?? CheckEnum(schema, values, Join(path, "enum")),
            _ => CheckTyped(schema, path),
        };
    }

    /// <summary>Beside some keywords the compiler looks at no other.</summary>
    private static SchemaFault? CheckAlone(JsonElement schema, string path, string keyword, string? also = null)
    {
        foreach (JsonProperty property in schema.EnumerateObject())
        {
            if (property.Name != keyword && property.Name != also && !IsAnnotation(property.Name))
            {
                return new SchemaFault(Join(path, property.Name), $"beside '{keyword}' it would not be obeyed");
            }
        }

        return null;
    }

    private SchemaFault? CheckReference(JsonElement reference, string path)
    {
        JsonElement target = reference;
        for (int hops = 0; hops < ReferencesInARowMax; hops++)
        {
            if (!TryResolve(target, out JsonElement resolved))
            {
                return new SchemaFault(Join(path, "$ref"), "it must name a definition of this schema, as '#/$defs/name'");
            }

            if (!resolved.TryGetProperty("$ref", out target))
            {
                return null;
            }
        }

        return new SchemaFault(Join(path, "$ref"), "the references lead to one another");
    }

    /// <summary>Only definitions are checked wherever they are used, so only they may be.</summary>
    private bool TryResolve(JsonElement reference, out JsonElement target)
    {
        target = default;
        if (reference.ValueKind != JsonValueKind.String || reference.GetString()!.Split('/') is not ["#", "$defs" or "definitions", { Length: > 0 }] parts)
        {
            return false;
        }

        return !parts[2].AsSpan().ContainsAny('~', '%')
            && _root.TryGetProperty(parts[1], out JsonElement definitions)
            && definitions.ValueKind == JsonValueKind.Object
            && definitions.TryGetProperty(parts[2], out target)
            && target.ValueKind == JsonValueKind.Object;
    }

    private SchemaFault? CheckUnion(JsonElement branches, string path, bool isExclusive)
    {
        if (branches.ValueKind != JsonValueKind.Array || branches.GetArrayLength() is 0 or > EnumValuesMax)
        {
            return new SchemaFault(path, "it must be an array of schemas");
        }

        List<JsonElement> seen = [];
        foreach (JsonElement branch in branches.EnumerateArray())
        {
            string branchPath = $"{path}[{seen.Count}]";
            if (Check(branch, branchPath) is { } fault)
            {
                return fault;
            }

            JsonElement resolved = Resolve(branch);
            if (IsUnion(resolved))
            {
                return new SchemaFault(branchPath, "unions in unions would lead the grammar in circles");
            }

            foreach (JsonElement other in isExclusive ? seen : [])
            {
                if (!SchemaBranches.AreDisjoint(other, resolved))
                {
                    return new SchemaFault(branchPath, "a value could match two branches: tell them apart by type or by a required property with a const");
                }
            }

            seen.Add(resolved);
        }

        return null;
    }

    private static bool IsUnion(JsonElement schema) =>
        schema.TryGetProperty("anyOf", out _) || schema.TryGetProperty("oneOf", out _) || schema.TryGetProperty("$ref", out _);

    private JsonElement Resolve(JsonElement schema)
    {
        for (int hops = 0; hops < ReferencesInARowMax; hops++)
        {
            if (!schema.TryGetProperty("$ref", out JsonElement reference) || !TryResolve(reference, out JsonElement target))
            {
                return schema;
            }

            schema = target;
        }

        return schema;
    }

    private static SchemaFault? CheckEnum(JsonElement schema, JsonElement values, string path)
    {
        if (values.ValueKind != JsonValueKind.Array || values.GetArrayLength() is 0 or > EnumValuesMax)
        {
            return new SchemaFault(path, string.Create(CultureInfo.InvariantCulture, $"it must be an array of 1 to {EnumValuesMax} values"));
        }

        foreach (JsonElement value in values.EnumerateArray())
        {
            if (CheckValue(schema, value, path) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    private static SchemaFault? CheckValue(JsonElement schema, JsonElement value, string path) =>
        !schema.TryGetProperty("type", out JsonElement type) || SchemaBranches.IsOfType(value, type)
            ? null
            : new SchemaFault(path, "a value is not of the schema's type");

    private SchemaFault? CheckTyped(JsonElement schema, string path)
    {
        List<string> types = [];
        if (schema.TryGetProperty("type", out JsonElement type))
        {
            if (!SchemaBranches.TryReadTypes(type, types))
            {
                return new SchemaFault(Join(path, "type"), "it must be one or more of object, array, string, number, integer, boolean and null");
            }
        }
        else if (schema.TryGetProperty("properties", out _))
        {
            types.Add("object");
        }
        else if (schema.TryGetProperty("items", out _) || schema.TryGetProperty("prefixItems", out _))
        {
            types.Add("array");
        }
        else if (schema.EnumerateObject().MoveNext())
        {
            return new SchemaFault(path, "it doesn't say of which type its values are");
        }

        // A schema that says nothing is obeyed by every value.
        foreach (JsonProperty property in schema.EnumerateObject())
        {
            if (!IsAnnotation(property.Name) && property.Name != "type" && !IsObeyed(property.Name, types))
            {
                return new SchemaFault(Join(path, property.Name), "a grammar can't express it for this type");
            }
        }

        foreach (string one in types)
        {
            SchemaFault? fault = one switch
            {
                "object" => CheckObject(schema, path),
                "array" => CheckArray(schema, path),
                "string" => StringSchema.FindFault(schema, path),
                "integer" => CheckInteger(schema, path),
                _ => null,
            };
            if (fault is not null)
            {
                return fault;
            }
        }

        return null;
    }

    private static bool IsObeyed(string keyword, List<string> types) => keyword switch
    {
        "properties" or "required" or "additionalProperties" => types.Contains("object"),
        "items" or "prefixItems" or "minItems" or "maxItems" => types.Contains("array"),
        "minLength" or "maxLength" or "pattern" or "format" => types.Contains("string"),
        "minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum" => types.Contains("integer") && !types.Contains("number"),
        _ => false,
    };

    private SchemaFault? CheckObject(JsonElement schema, string path)
    {
        HashSet<string> names = [];
        bool isPlain = true;
        if (schema.TryGetProperty("properties", out JsonElement properties))
        {
            if (properties.ValueKind != JsonValueKind.Object)
            {
                return new SchemaFault(Join(path, "properties"), "it must be an object");
            }

            foreach (JsonProperty property in properties.EnumerateObject())
            {
                string propertyPath = Join(path, $"properties.{property.Name}");
                if (Check(property.Value, propertyPath) is { } fault)
                {
                    return fault;
                }

                names.Add(property.Name);
                isPlain &= !property.Name.AsSpan().ContainsAnyExcept(PlainNameChars) && property.Name.Length > 0;
            }
        }

        return CheckRequired(schema, path, names) ?? CheckAdditional(schema, path, names.Count == 0 || isPlain);
    }

    private static readonly System.Buffers.SearchValues<char> PlainNameChars =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    private static SchemaFault? CheckRequired(JsonElement schema, string path, HashSet<string> names)
    {
        if (!schema.TryGetProperty("required", out JsonElement required))
        {
            return null;
        }

        if (required.ValueKind != JsonValueKind.Array)
        {
            return new SchemaFault(Join(path, "required"), "it must be an array of names");
        }

        foreach (JsonElement name in required.EnumerateArray())
        {
            if (name.ValueKind != JsonValueKind.String || !names.Contains(name.GetString()!))
            {
                return new SchemaFault(Join(path, "required"), "it names something that 'properties' doesn't have");
            }
        }

        return null;
    }

    private SchemaFault? CheckAdditional(JsonElement schema, string path, bool isPlain)
    {
        if (!schema.TryGetProperty("additionalProperties", out JsonElement additional) || additional.ValueKind == JsonValueKind.False)
        {
            return null;
        }

        string additionalPath = Join(path, "additionalProperties");
        if (!isPlain)
        {
            return new SchemaFault(additionalPath, "beside properties whose names aren't letters, digits and '_' it must be false");
        }

        return additional.ValueKind == JsonValueKind.True ? null : Check(additional, additionalPath);
    }

    private SchemaFault? CheckArray(JsonElement schema, string path)
    {
        bool hasItems = schema.TryGetProperty("items", out JsonElement items);
        if (schema.TryGetProperty("prefixItems", out JsonElement prefix))
        {
            if (hasItems || schema.TryGetProperty("minItems", out _) || schema.TryGetProperty("maxItems", out _))
            {
                return new SchemaFault(Join(path, "prefixItems"), "an array has either 'prefixItems', or 'items' with their limits");
            }

            return CheckTuple(prefix, Join(path, "prefixItems"));
        }

        if (CheckRange(schema, path, "minItems", "maxItems") is { } fault)
        {
            return fault;
        }

        if (hasItems)
        {
            return Check(items, Join(path, "items"));
        }

        return schema.TryGetProperty("minItems", out _) || schema.TryGetProperty("maxItems", out _)
            ? new SchemaFault(path, "without 'items' the limits of an array would not be obeyed")
            : null;
    }

    private SchemaFault? CheckTuple(JsonElement prefix, string path)
    {
        if (prefix.ValueKind != JsonValueKind.Array || prefix.GetArrayLength() == 0)
        {
            return new SchemaFault(path, "it must be an array of schemas");
        }

        int index = 0;
        foreach (JsonElement item in prefix.EnumerateArray())
        {
            if (Check(item, $"{path}[{index++}]") is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    /// <summary>Checks two counts that the compiler writes out as repetitions.</summary>
    internal static SchemaFault? CheckRange(JsonElement schema, string path, string least, string most)
    {
        long low = 0;
        long high = RepetitionsMax;
        foreach (string keyword in (ReadOnlySpan<string>)[least, most])
        {
            if (!schema.TryGetProperty(keyword, out JsonElement value))
            {
                continue;
            }

            if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out long count) || count is < 0 or > RepetitionsMax)
            {
                return new SchemaFault(
                    Join(path, keyword), string.Create(CultureInfo.InvariantCulture, $"it must be a whole number from 0 to {RepetitionsMax}"));
            }

            (low, high) = keyword == least ? (count, high) : (low, count);
        }

        return low > high ? new SchemaFault(Join(path, most), $"it is below '{least}'") : null;
    }

    private static SchemaFault? CheckInteger(JsonElement schema, string path)
    {
        const long SafeMax = 1L << 53;
        long low = -SafeMax;
        long high = SafeMax;
        foreach (string keyword in (ReadOnlySpan<string>)["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"])
        {
            if (!schema.TryGetProperty(keyword, out JsonElement value))
            {
                continue;
            }

            if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out long bound) || bound is < -SafeMax or > SafeMax)
            {
                return new SchemaFault(Join(path, keyword), "it must be a whole number of at most 2^53");
            }

            low = keyword.EndsWith("inimum", StringComparison.Ordinal) ? Math.Max(low, keyword[0] == 'e' ? bound + 1 : bound) : low;
            high = keyword.EndsWith("aximum", StringComparison.Ordinal) ? Math.Min(high, keyword[0] == 'e' ? bound - 1 : bound) : high;
        }

        return low > high ? new SchemaFault(path, "no whole number lies between its bounds") : null;
    }

    private static bool IsAnnotation(string keyword) => keyword is "title" or "description" or "default" or "examples" or "example"
        or "$schema" or "$id" or "$comment" or "deprecated" or "readOnly" or "writeOnly" or "$defs" or "definitions";

    internal static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
