using System.Text.Json;

namespace Darkbloom.Protocol.Constraints;

/// <summary>Checks the keywords of strings: the compiler obeys one kind of them at a time.</summary>
internal static class StringSchema
{
    public static SchemaFault? FindFault(JsonElement schema, string path)
    {
        bool hasPattern = schema.TryGetProperty("pattern", out JsonElement pattern);
        bool hasFormat = schema.TryGetProperty("format", out JsonElement format);
        bool hasLength = schema.TryGetProperty("minLength", out _) || schema.TryGetProperty("maxLength", out _);
        if ((hasPattern && (hasFormat || hasLength)) || (hasFormat && hasLength))
        {
            string keyword = hasPattern ? "pattern" : "format";
            return new SchemaFault(OutputSchema.Join(path, keyword), "a string has a pattern, a format or limits of its length, one of them");
        }

        if (hasPattern)
        {
            string reason = pattern.ValueKind == JsonValueKind.String ? PatternSubset.FindFault(pattern.GetString()!) : "it must be a string";
            return reason.Length == 0 ? null : new SchemaFault(OutputSchema.Join(path, "pattern"), reason);
        }

        if (hasFormat)
        {
            return format.ValueKind == JsonValueKind.String && format.GetString() is "date" or "time" or "date-time" or "uuid"
                ? null
                : new SchemaFault(OutputSchema.Join(path, "format"), "of the formats, date, time, date-time and uuid are obeyed");
        }

        return OutputSchema.CheckRange(schema, path, "minLength", "maxLength");
    }
}
