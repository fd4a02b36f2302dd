using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>Checks a request from a stranger before any of it reaches native code.</summary>
/// <remarks>Faults name fields and limits, never contents.</remarks>
internal static class RequestReader
{
    public const int ChoicesMax = 8;
    public const int StopsMax = 4;
    public const int StopCharactersMax = 256;
    public const int MessagesMax = 4096;
    public const int ToolsCharactersMax = 256 * 1024;
    public const int SchemaCharactersMax = 64 * 1024;

    /// <summary>Native parsers recurse: deeper JSON could exhaust the stack.</summary>
    public const int JsonDepthMax = 64;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = JsonDepthMax };
    private static readonly JsonWriterOptions WriterOptions = new() { SkipValidation = true };

    /// <summary>Checks what needs no model; the fault is empty when all is well.</summary>
    public static string FindFault(GenerateRequest request)
    {
        if (request.Messages.Count is 0 or > MessagesMax)
        {
            return $"messages must be 1 to {MessagesMax}";
        }

        if (request.Choices is 0 or > ChoicesMax)
        {
            return $"choices must be 1 to {ChoicesMax}";
        }

        if (request.Told.Count != 0 && request.Told.Count != request.Choices)
        {
            return "told must be empty or hold one entry for each choice";
        }

        if (request.Stop.Count > StopsMax)
        {
            return $"stop must hold at most {StopsMax} strings";
        }

        foreach (string stop in request.Stop)
        {
            if (stop.Length is 0 or > StopCharactersMax)
            {
                return $"a stop string must have 1 to {StopCharactersMax} characters";
            }
        }

        foreach (ChatMessage message in request.Messages)
        {
            // The native side takes C strings.
            if (message.Content.Contains('\0', StringComparison.Ordinal) || message.Name.Contains('\0', StringComparison.Ordinal))
            {
                return "messages must not hold the character U+0000";
            }

            if (message.Role is not ("system" or "user" or "assistant" or "tool" or "developer"))
            {
                return "a message has an unknown role";
            }
        }

        return "";
    }

    /// <summary>The request as the template engine takes it.</summary>
    public static bool TryRead(GenerateRequest request, out ChatRequestJson? json, out string fault)
    {
        json = null;
        fault = "";
        try
        {
            if (request.ToolsJson.Length > ToolsCharactersMax || request.ResponseSchemaJson.Length > SchemaCharactersMax)
            {
                fault = "tools or the response schema are too large";
                return false;
            }

            string schema = request.ResponseSchemaJson;
            if (schema.Length > 0)
            {
                using JsonDocument document = JsonDocument.Parse(schema, Options);
                if (document.RootElement.ValueKind != JsonValueKind.Object)
                {
                    fault = "the response schema must be an object";
                    return false;
                }
            }

            string tools = request.ToolsJson;
            string choice = request.ToolChoice;
            if (!TryReadTools(ref tools, ref choice, out fault))
            {
                return false;
            }

            json = new ChatRequestJson(WriteMessages(request.Messages), tools, choice, schema, request.ParallelToolCalls);
            return true;
        }
        catch (JsonException)
        {
            fault = "tools, tool_calls, tool_choice or the response schema are not JSON";
            return false;
        }
    }

    // A named tool becomes the only one, and required: the template engine knows no other way to force it.
    private static bool TryReadTools(ref string tools, ref string choice, out string fault)
    {
        fault = "";
        if (choice is not ("" or "auto" or "none" or "required" or ['{', ..]))
        {
            fault = "tool_choice must be auto, none, required or a function";
            return false;
        }

        if (tools.Length == 0)
        {
            fault = choice is "required" or ['{', ..] ? "tool_choice needs tools" : "";
            choice = "";
            return fault.Length == 0;
        }

        using JsonDocument document = JsonDocument.Parse(tools, Options);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            fault = "tools must be an array";
            return false;
        }

        if (choice is not ['{', ..])
        {
            return true;
        }

        using JsonDocument wanted = JsonDocument.Parse(choice, Options);
        string? name = FunctionName(wanted.RootElement);
        foreach (JsonElement tool in document.RootElement.EnumerateArray())
        {
            if (name is not null && FunctionName(tool) == name)
            {
                tools = $"[{tool.GetRawText()}]";
                choice = "required";
                return true;
            }
        }

        fault = "tool_choice names a function that is not among the tools";
        return false;
    }

    private static string? FunctionName(JsonElement tool) =>
        tool.ValueKind == JsonValueKind.Object
        && tool.TryGetProperty("function", out JsonElement function) && function.ValueKind == JsonValueKind.Object
        && function.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String
            ? name.GetString()
            : null;

    private static string WriteMessages(IEnumerable<ChatMessage> messages)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer, WriterOptions))
        {
            writer.WriteStartArray();
            foreach (ChatMessage message in messages)
            {
                WriteMessage(writer, message);
            }

            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteMessage(Utf8JsonWriter writer, ChatMessage message)
    {
        writer.WriteStartObject();
        writer.WriteString("role", message.Role);
        writer.WriteString("content", message.Content);
        if (message.Name.Length > 0)
        {
            writer.WriteString("name", message.Name);
        }

        if (message.ToolCallId.Length > 0)
        {
            writer.WriteString("tool_call_id", message.ToolCallId);
        }

        if (message.ToolCallsJson.Length > 0)
        {
            using JsonDocument calls = JsonDocument.Parse(message.ToolCallsJson, Options);
            writer.WritePropertyName("tool_calls");
            calls.RootElement.WriteTo(writer);
        }

        writer.WriteEndObject();
    }
}
