using System;
using System.Buffers;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;

namespace Darkbloom.Gateway.Responses;

/// <summary>Reads the items of a conversation: those of a request's <c>input</c>, and those that were kept of earlier ones.</summary>
/// <param name="conversation">Takes what the items say to the model.</param>
/// <param name="ids">Names items that have no name yet.</param>
/// <param name="find">The JSON of an item that was kept, by its id; null when there is none.</param>
internal sealed class InputItems(Conversation conversation, ResponseIds ids, Func<string, string?> find)
{
    public const int ItemsMax = 2048;
    public const int IdCharsMax = 256;

    private readonly List<ResponseItem> _items = [];

    /// <summary>Everything that was read, in order.</summary>
    public IReadOnlyList<ResponseItem> Items => _items;

    /// <summary>Reads a text, or an array of items.</summary>
    public ApiError? Read(JsonElement value, string param)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            AddMessage(ids.NextItem("msg_"), "user", [("input_text", value.GetString()!)]);
            return null;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            return ApiError.WrongType(param, "a string or an array of objects", Parameters.Describe(value));
        }

        int count = value.GetArrayLength();
        if (count is 0 or > ItemsMax)
        {
            return count == 0 ? ApiError.Empty(param, "array") : ApiError.TooLong(param, "array", ItemsMax);
        }

        int index = 0;
        foreach (JsonElement item in value.EnumerateArray())
        {
            if (ReadItem(item, Parameters.At(param, index++)) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    public ApiError? ReadItem(JsonElement item, string param)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType(param, "an object", Parameters.Describe(item));
        }

        string type = "message";
        if (ToolParser.IsPresent(item, "type", out JsonElement typeElement)
            && Parameters.ReadString(typeElement, $"{param}.type", out type) is { } typeError)
        {
            return typeError;
        }

        string id = "";
        if (ToolParser.IsPresent(item, "id", out JsonElement idElement)
            && Parameters.ReadString(idElement, $"{param}.id", IdCharsMax, out id) is { } idError)
        {
            return idError;
        }

        return type switch
        {
            "message" => ReadMessage(item, param, id),
            "function_call" => ReadCall(item, param, id),
            "function_call_output" => ReadOutput(item, param, id),
            "reasoning" => ReadReasoning(item, param, id),
            "item_reference" => ReadReference(param, id),
            _ => ApiError.UnsupportedValue(
                $"{param}.type",
                "This gateway knows items of the types 'message', 'function_call', 'function_call_output', 'reasoning' and 'item_reference'."),
        };
    }

    private ApiError? ReadMessage(JsonElement item, string param, string id)
    {
        if (ToolParser.CheckObject(item, param, ["type", "id", "role", "content", "status", "phase"]) is { } error)
        {
            return error;
        }

        if (!item.TryGetProperty("role", out JsonElement roleElement))
        {
            return ApiError.Missing($"{param}.role");
        }

        if (Parameters.ReadString(roleElement, $"{param}.role", out string role) is { } roleError)
        {
            return roleError;
        }

        if (role is not ("user" or "assistant" or "system" or "developer"))
        {
            return ApiError.InvalidValue($"{param}.role", role, "'user', 'assistant', 'system' and 'developer'");
        }

        if (!ToolParser.IsPresent(item, "content", out JsonElement content))
        {
            return ApiError.Missing($"{param}.content");
        }

        ImmutableArray<(string Type, string Text)> parts;
        if (content.ValueKind == JsonValueKind.String)
        {
            parts = [(role == "assistant" ? "output_text" : "input_text", content.GetString()!)];
        }
        else if (InputParts.Read(content, $"{param}.content", out parts) is { } contentError)
        {
            return contentError;
        }

        AddMessage(id.Length > 0 ? id : ids.NextItem("msg_"), role, parts);
        return null;
    }

    private ApiError? ReadCall(JsonElement item, string param, string id)
    {
        string callId = "";
        string name = "";
        string arguments = "";
        ApiError? error = ToolParser.CheckObject(item, param, ["type", "id", "call_id", "name", "arguments", "status"])
            ?? ReadText(item, param, "call_id", MessageParser.ToolCallIdCharsMax, out callId)
            ?? ToolParser.CheckFunctionName(item, param, out name)
            ?? ReadText(item, param, "arguments", int.MaxValue, out arguments);
        if (error is not null)
        {
            return error;
        }

        conversation.AddCall(callId, name, arguments);
        Keep(id.Length > 0 ? id : ids.NextItem("fc_"), "function_call", json =>
        {
            json.WriteString("arguments"u8, arguments);
            json.WriteString("call_id"u8, callId);
            json.WriteString("name"u8, name);
        });
        return null;
    }

    private ApiError? ReadOutput(JsonElement item, string param, string id)
    {
        string callId = "";
        ApiError? error = ToolParser.CheckObject(item, param, ["type", "id", "call_id", "output", "status"])
            ?? ReadText(item, param, "call_id", MessageParser.ToolCallIdCharsMax, out callId);
        if (error is not null)
        {
            return error;
        }

        if (!ToolParser.IsPresent(item, "output", out JsonElement output))
        {
            return ApiError.Missing($"{param}.output");
        }

        string text;
        if (output.ValueKind == JsonValueKind.String)
        {
            text = output.GetString()!;
        }
        else if (InputParts.Read(output, $"{param}.output", out ImmutableArray<(string Type, string Text)> parts) is { } outputError)
        {
            return outputError;
        }
        else
        {
            text = InputParts.Join(parts);
        }

        Keep(id.Length > 0 ? id : ids.NextItem("fco_"), "function_call_output", json =>
        {
            json.WriteString("call_id"u8, callId);
            json.WriteString("output"u8, text);
        });
        return conversation.TryAddResult(callId, text)
            ? null
            : ApiError.Invalid($"No tool call found for function call output with call_id {ApiError.Echo(callId)}.", $"{param}.call_id", "invalid_value");
    }

    /// <summary>What the model thought in an earlier turn: templates drop it, so it is only kept for the client.</summary>
    private ApiError? ReadReasoning(JsonElement item, string param, string id)
    {
        if (ToolParser.CheckObject(item, param, ["type", "id", "summary", "content", "encrypted_content", "status"]) is { } error)
        {
            return error;
        }

        Keep(id.Length > 0 ? id : ids.NextItem("rs_"), "reasoning", json =>
        {
            foreach (string key in (ReadOnlySpan<string>)["summary", "content", "encrypted_content"])
            {
                if (ToolParser.IsPresent(item, key, out JsonElement value))
                {
                    json.WritePropertyName(key);
                    json.WriteRawValue(value.GetRawText(), skipInputValidation: true);
                }
            }
        });
        return null;
    }

    private ApiError? ReadReference(string param, string id)
    {
        if (id.Length == 0)
        {
            return ApiError.Missing($"{param}.id");
        }

        if (find(id) is not { } kept)
        {
            return new ApiError(404, $"Item with id '{ApiError.Echo(id)}' not found.", ApiError.InvalidRequestType, $"{param}.id", null);
        }

        using JsonDocument document = JsonDocument.Parse(kept);
        return ReadItem(document.RootElement, param);
    }

    private static ApiError? ReadText(JsonElement item, string param, string key, int charsMax, out string text)
    {
        text = "";
        return !ToolParser.IsPresent(item, key, out JsonElement value)
            ? ApiError.Missing($"{param}.{key}")
            : charsMax == int.MaxValue ? Parameters.ReadString(value, $"{param}.{key}", out text)
            : Parameters.ReadString(value, $"{param}.{key}", charsMax, out text);
    }

    private void AddMessage(string id, string role, ImmutableArray<(string Type, string Text)> parts)
    {
        // Open models know one voice above the user's, and their templates call it system.
        conversation.Add(role == "developer" ? "system" : role, InputParts.Join(parts));
        Keep(id, "message", json =>
        {
            json.WriteStartArray("content"u8);
            foreach ((string type, string text) in parts)
            {
                json.WriteStartObject();
                json.WriteString("type"u8, type);
                if (type == "output_text")
                {
                    json.WriteStartArray("annotations"u8);
                    json.WriteEndArray();
                    json.WriteStartArray("logprobs"u8);
                    json.WriteEndArray();
                }

                json.WriteString(type == "refusal" ? "refusal"u8 : "text"u8, text);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("role"u8, role);
        });
    }

    private void Keep(string id, string type, Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, ApiResponses.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, id);
            json.WriteString("type"u8, type);
            if (type != "reasoning")
            {
                json.WriteString("status"u8, "completed"u8);
            }

            write(json);
            json.WriteEndObject();
        }

        _items.Add(new ResponseItem(id, Encoding.UTF8.GetString(buffer.WrittenSpan)));
    }
}
