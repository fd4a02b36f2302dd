using System.Collections.Generic;
using System.Text.Json;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Writes how likely tokens were, in the forms that chats and responses have for it.</summary>
internal static class LogprobParts
{
    /// <summary>Writes a chat choice's <c>logprobs</c>.</summary>
    public static void WriteChat(Utf8JsonWriter json, IReadOnlyList<TokenChance> chances)
    {
        json.WriteStartObject("logprobs"u8);
        json.WriteStartArray("content"u8);
        WriteTokens(json, chances);
        json.WriteEndArray();
        json.WriteNull("refusal"u8);
        json.WriteEndObject();
    }

    /// <summary>Writes the <c>logprobs</c> of a response's text, which are an array.</summary>
    public static void WriteResponse(Utf8JsonWriter json, IReadOnlyList<TokenChance> chances)
    {
        json.WriteStartArray("logprobs"u8);
        WriteTokens(json, chances);
        json.WriteEndArray();
    }

    private static void WriteTokens(Utf8JsonWriter json, IReadOnlyList<TokenChance> chances)
    {
        foreach (TokenChance chance in chances)
        {
            json.WriteStartObject();
            WriteToken(json, chance);
            json.WriteStartArray("top_logprobs"u8);
            foreach (TokenChance other in chance.Top)
            {
                json.WriteStartObject();
                WriteToken(json, other);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    private static void WriteToken(Utf8JsonWriter json, TokenChance chance)
    {
        // A token may end in the middle of a character: its bytes are exact, its text is the best that text can do.
        json.WriteString("token"u8, chance.Text.ToStringUtf8());
        json.WriteNumber("logprob"u8, chance.Logprob);
        json.WriteStartArray("bytes"u8);
        foreach (byte one in chance.Text.Span)
        {
            json.WriteNumberValue(one);
        }

        json.WriteEndArray();
    }
}
