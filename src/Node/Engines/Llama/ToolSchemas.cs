using System.Text.Json;
using Darkbloom.Protocol.Constraints;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>Takes out of tools' schemas what could hold up the grammar's compiler.</summary>
/// <remarks>
/// A tool that isn't strict promises nothing about its arguments, so a pattern that a grammar can't follow, and counts
/// that it would write out thousands of times, are left to the model's good will. They stay in no prompt either.
/// </remarks>
internal static class ToolSchemas
{
    /// <summary>Writes the tools without these keywords; false when they have too many parts.</summary>
    public static bool TryWrite(Utf8JsonWriter writer, JsonElement tools)
    {
        int parts = 0;
        return TryWrite(writer, tools, ref parts);
    }

    private static bool TryWrite(Utf8JsonWriter writer, JsonElement value, ref int parts)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (JsonProperty property in value.EnumerateObject())
                {
                    if (IsHazard(property))
                    {
                        continue;
                    }

                    writer.WritePropertyName(property.Name);
                    if (!TryWrite(writer, property.Value, ref parts))
                    {
                        return false;
                    }
                }

                writer.WriteEndObject();
                return ++parts <= OutputSchema.NodesMax;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (JsonElement item in value.EnumerateArray())
                {
                    if (!TryWrite(writer, item, ref parts))
                    {
                        return false;
                    }
                }

                writer.WriteEndArray();
                return true;
            default:
                value.WriteTo(writer);
                return true;
        }
    }

    private static bool IsHazard(JsonProperty property) => property.Name switch
    {
        "pattern" => property.Value.ValueKind == JsonValueKind.String && !OutputSchema.CanFollow(property.Value.GetString()!),
        "minLength" or "maxLength" or "minItems" or "maxItems" => property.Value.ValueKind == JsonValueKind.Number
            && !(property.Value.TryGetInt64(out long count) && count is >= 0 and <= OutputSchema.RepetitionsMax),
        _ => false,
    };
}
