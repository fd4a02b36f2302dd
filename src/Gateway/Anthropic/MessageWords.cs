using System;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Anthropic;

/// <summary>The parts of a message that streams and whole answers write alike.</summary>
internal static class MessageWords
{
    public static ReadOnlySpan<byte> StopReason(FinishReason reason) => reason switch
    {
        FinishReason.Length => "max_tokens"u8,
        FinishReason.ToolCalls => "tool_use"u8,
        _ => "end_turn"u8,
    };

    /// <summary>Writes the message up to its content.</summary>
    public static void BeginMessage(Utf8JsonWriter json, string id, string model)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("type"u8, "message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("model"u8, model);
    }

    /// <summary>Writes a block: whole, or as it is when it begins.</summary>
    public static void WriteBlock(Utf8JsonWriter json, GeneratedPart part, bool isWhole)
    {
        json.WriteStartObject();
        switch (part.Kind)
        {
            case PartKind.Reasoning:
                json.WriteString("type"u8, "thinking"u8);
                json.WriteString("thinking"u8, isWhole ? part.Text.ToString() : "");
                json.WriteString("signature"u8, ""u8);
                break;
            case PartKind.ToolCall:
                json.WriteString("type"u8, "tool_use"u8);
                json.WriteString("id"u8, part.CallId);
                json.WriteString("name"u8, part.Name);
                json.WritePropertyName("input"u8);
                json.WriteRawValue(isWhole && part.ArgumentsOrNull() is { } arguments ? arguments : "{}", skipInputValidation: true);
                break;
            default:
                json.WriteString("type"u8, "text"u8);
                json.WriteString("text"u8, isWhole ? part.Text.ToString() : "");
                json.WriteNull("citations"u8);
                break;
        }

        json.WriteEndObject();
    }

    /// <summary>Counts tokens: those of the prompt that a node still had are counted apart.</summary>
    public static void WriteUsage(Utf8JsonWriter json, Usage usage)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, (long)usage.PromptTokens - usage.CachedPromptTokens);
        json.WriteNumber("cache_creation_input_tokens"u8, 0);
        json.WriteNumber("cache_read_input_tokens"u8, usage.CachedPromptTokens);
        json.WriteStartObject("cache_creation"u8);
        json.WriteNumber("ephemeral_5m_input_tokens"u8, 0);
        json.WriteNumber("ephemeral_1h_input_tokens"u8, 0);
        json.WriteEndObject();
        json.WriteNumber("output_tokens"u8, usage.CompletionTokens);
        json.WriteString("service_tier"u8, "standard"u8);
        json.WriteEndObject();
    }
}
