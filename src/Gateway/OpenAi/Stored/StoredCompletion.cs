using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Stored;

/// <summary>A completion that was kept: as clients see it later, with the messages that it answers.</summary>
internal sealed class StoredCompletion
{
    private const int DepthMax = Requests.JsonBody.DepthMax + 8;

    private readonly JsonElement _root;

    public StoredCompletion(ReadOnlyMemory<byte> state)
    {
        using JsonDocument document = JsonDocument.Parse(state, new JsonDocumentOptions { MaxDepth = DepthMax });
        _root = document.RootElement.Clone();
    }

    public JsonElement Completion => _root.GetProperty("completion");

    public string Id => Completion.GetProperty("id").GetString()!;

    public long Created => Completion.GetProperty("created").GetInt64();

    /// <summary>What the completion answers, the oldest first.</summary>
    public IReadOnlyList<JsonElement> Messages => [.. _root.GetProperty("messages").EnumerateArray()];

    /// <summary>The state of a completion that has just been told.</summary>
    /// <param name="echoes">What is repeated of the request: JSON by the name of the field.</param>
    public static ReadOnlyMemory<byte> Write(
        ChatReply reply, GenerationEnd end, GenerateRequest request, IReadOnlyDictionary<string, string> echoes, string requestId)
    {
        ArrayBufferWriter<byte> told = new();
        using (Utf8JsonWriter json = new(told, ApiResponses.WriterOptions))
        {
            reply.Write(json, end);
        }

        using JsonDocument document = JsonDocument.Parse(told.WrittenMemory);
        JsonElement completion = document.RootElement;
        string id = completion.GetProperty("id").GetString()!;
        return Write(json =>
        {
            json.WriteStartObject();
            json.WritePropertyName("completion"u8);
            WriteCompletion(json, completion, request.Sampling, echoes, requestId);
            json.WriteStartArray("messages"u8);
            using JsonDocument messages = JsonDocument.Parse(echoes["messages"]);
            int index = 0;
            foreach (JsonElement message in messages.RootElement.EnumerateArray())
            {
                WriteMessage(json, message, $"{id}-{index++}");
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    /// <summary>The state with other words of the client's own.</summary>
    public ReadOnlyMemory<byte> With(string metadata) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("completion"u8);
        foreach (JsonProperty field in Completion.EnumerateObject())
        {
            json.WritePropertyName(field.Name);
            json.WriteRawValue(field.Name == "metadata" ? metadata : field.Value.GetRawText(), skipInputValidation: true);
        }

        json.WriteEndObject();
        json.WritePropertyName("messages"u8);
        _root.GetProperty("messages").WriteTo(json);
        json.WriteEndObject();
    });

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> state = new();
        using (Utf8JsonWriter json = new(state, ApiResponses.WriterOptions))
        {
            write(json);
        }

        return state.WrittenMemory;
    }

    private static void WriteCompletion(
        Utf8JsonWriter json, JsonElement told, Sampling sampling, IReadOnlyDictionary<string, string> echoes, string requestId)
    {
        json.WriteStartObject();
        Copy(json, told, "object", "id", "model", "created");
        json.WriteString("request_id"u8, requestId);
        Repeat(json, "tool_choice", echoes);
        json.WriteStartObject("usage"u8);
        Copy(json, told.GetProperty("usage"), "total_tokens", "completion_tokens", "prompt_tokens");
        json.WriteEndObject();
        json.WriteNumber("seed"u8, unchecked((long)sampling.Seed));
        json.WriteNumber("top_p"u8, sampling.TopP);
        json.WriteNumber("temperature"u8, sampling.Temperature);
        json.WriteNumber("presence_penalty"u8, sampling.PresencePenalty);
        json.WriteNumber("frequency_penalty"u8, sampling.FrequencyPenalty);
        Copy(json, told, "system_fingerprint");
        Repeat(json, "input_user", echoes, "user");
        Copy(json, told, "service_tier");
        Repeat(json, "tools", echoes);
        json.WritePropertyName("metadata"u8);
        json.WriteRawValue(echoes.GetValueOrDefault("metadata", "{}"), skipInputValidation: true);
        json.WriteStartArray("choices"u8);
        foreach (JsonElement choice in told.GetProperty("choices").EnumerateArray())
        {
            WriteChoice(json, choice);
        }

        json.WriteEndArray();
        Repeat(json, "response_format", echoes);
        json.WriteEndObject();
    }

    private static void WriteChoice(Utf8JsonWriter json, JsonElement choice)
    {
        JsonElement message = choice.GetProperty("message");
        json.WriteStartObject();
        Copy(json, choice, "index");
        json.WriteStartObject("message"u8);
        Copy(json, message, "content", "role");
        if (message.TryGetProperty("tool_calls", out JsonElement calls))
        {
            json.WritePropertyName("tool_calls"u8);
            calls.WriteTo(json);
        }
        else
        {
            json.WriteNull("tool_calls"u8);
        }

        json.WriteNull("function_call"u8);
        json.WriteEndObject();
        Copy(json, choice, "finish_reason", "logprobs");
        json.WriteEndObject();
    }

    /// <summary>A text stands as the content, and anything else as its parts.</summary>
    private static void WriteMessage(Utf8JsonWriter json, JsonElement message, string id)
    {
        _ = message.TryGetProperty("content", out JsonElement content);
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        Copy(json, message, "role");
        json.WriteString("content"u8, content.ValueKind == JsonValueKind.String ? content.GetString() : null);
        json.WritePropertyName("content_parts"u8);
        json.WriteRawValue(content.ValueKind == JsonValueKind.Array ? content.GetRawText() : "null", skipInputValidation: true);
        json.WritePropertyName("name"u8);
        json.WriteRawValue(message.TryGetProperty("name", out JsonElement name) ? name.GetRawText() : "null", skipInputValidation: true);
        json.WriteEndObject();
    }

    private static void Copy(Utf8JsonWriter json, JsonElement source, params ReadOnlySpan<string> fields)
    {
        foreach (string field in fields)
        {
            json.WritePropertyName(field);
            source.GetProperty(field).WriteTo(json);
        }
    }

    private static void Repeat(Utf8JsonWriter json, string field, IReadOnlyDictionary<string, string> echoes, string? from = null)
    {
        json.WritePropertyName(field);
        json.WriteRawValue(echoes.GetValueOrDefault(from ?? field, "null"), skipInputValidation: true);
    }
}
