using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;

namespace Darkbloom.Node.Engines.Llama.Text;

/// <summary>Keeps what people write from being read as the tokens that steer a model.</summary>
/// <remarks>
/// A template's own words hold special tokens such as the end of a turn, and are tokenized as such. The same characters
/// in a message are text. So a mark is put inside each such text before the template sees it, and the rendered prompt
/// is tokenized in the pieces between the marks: no piece holds a special token that the template didn't write.
/// </remarks>
public sealed class SpecialText
{
    /// <summary>A noncharacter: Unicode keeps it out of texts that travel. Where a message holds it, it vanishes.</summary>
    public const char Mark = '\uFDD0';

    private readonly SearchValues<string> _texts;

    /// <param name="texts">The special tokens as they are spelled out.</param>
    public SpecialText(IEnumerable<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        List<string> divisible = [];
        foreach (string text in texts)
        {
            // A single character can't be told from itself.
            if (text.Length > 1)
            {
                divisible.Add(text);
            }
        }

        _texts = SearchValues.Create([.. divisible], StringComparison.Ordinal);
    }

    public bool IsIn(string text) => text.AsSpan().ContainsAny(_texts);

    /// <summary>The text with a mark in every special token's.</summary>
    public string Guard(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!IsIn(text))
        {
            return text;
        }

        StringBuilder guarded = new(text.Length + 16);
        ReadOnlySpan<char> rest = text;
        while (rest.IndexOfAny(_texts) is >= 0 and int start)
        {
            // The mark stands after the first character: another special token may begin at the second.
            guarded.Append(rest[..(start + 1)]).Append(Mark);
            rest = rest[(start + 1)..];
        }

        return guarded.Append(rest).ToString();
    }

    /// <summary>Writes a value with every text in it guarded; <paramref name="only"/> names the keys whose texts are, null: all.</summary>
    public void WriteGuarded(Utf8JsonWriter writer, JsonElement value, string? only = null, bool isGuarded = true)
    {
        ArgumentNullException.ThrowIfNull(writer);
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (JsonProperty property in value.EnumerateObject())
                {
                    writer.WritePropertyName(property.Name);
                    WriteGuarded(writer, property.Value, only, only is null || property.Name == only);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (JsonElement item in value.EnumerateArray())
                {
                    WriteGuarded(writer, item, only, isGuarded);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.String when isGuarded:
                writer.WriteStringValue(Guard(value.GetString()!));
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
