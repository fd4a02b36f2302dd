using System.Collections.Generic;
using System.Text.Json;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Writes the <c>logprobs</c> of completions: four arrays side by side.</summary>
internal static class CompletionLogprobs
{
    /// <param name="offset">Characters of the choice before the first token.</param>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<TokenChance> chances, int offset)
    {
        json.WriteStartObject("logprobs"u8);
        json.WriteStartArray("tokens"u8);
        foreach (TokenChance chance in chances)
        {
            json.WriteStringValue(chance.Text.ToStringUtf8());
        }

        json.WriteEndArray();
        json.WriteStartArray("token_logprobs"u8);
        foreach (TokenChance chance in chances)
        {
            json.WriteNumberValue(chance.Logprob);
        }

        json.WriteEndArray();
        json.WriteStartArray("top_logprobs"u8);
        foreach (TokenChance chance in chances)
        {
            WriteTop(json, chance);
        }

        json.WriteEndArray();
        json.WriteStartArray("text_offset"u8);
        foreach (TokenChance chance in chances)
        {
            json.WriteNumberValue(offset);
            offset += chance.Text.ToStringUtf8().Length;
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteTop(Utf8JsonWriter json, TokenChance chance)
    {
        json.WriteStartObject();
        HashSet<string> written = [];
        foreach (TokenChance other in chance.Top)
        {
            // Two tokens may spell the same text: the likelier one stands for both.
            string text = other.Text.ToStringUtf8();
            if (written.Add(text))
            {
                json.WriteNumber(text, other.Logprob);
            }
        }

        json.WriteEndObject();
    }
}
