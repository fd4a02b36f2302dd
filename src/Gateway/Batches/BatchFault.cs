using System.Text.Json;

namespace Darkbloom.Gateway.Batches;

/// <summary>Why a batch can't begin.</summary>
/// <param name="Line">Counted from 1; null: the whole file is meant.</param>
internal sealed record BatchFault(string Code, string Message, string? Param = null, int? Line = null)
{
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("code"u8, Code);
        json.WriteString("message"u8, Message);
        json.WriteString("param"u8, Param);
        json.WritePropertyName("line"u8);
        if (Line is { } line)
        {
            json.WriteNumberValue(line);
        }
        else
        {
            json.WriteNullValue();
        }

        json.WriteEndObject();
    }

    public static BatchFault Read(JsonElement json) => new(
        json.GetProperty("code").GetString()!,
        json.GetProperty("message").GetString()!,
        json.GetProperty("param").GetString(),
        json.GetProperty("line") is { ValueKind: JsonValueKind.Number } line ? line.GetInt32() : null);
}
