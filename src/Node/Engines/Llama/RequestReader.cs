using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Darkbloom.Node.Engines.Llama.Text;
using Darkbloom.Protocol.Constraints;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>Checks a request from a stranger before any of it reaches native code.</summary>
/// <remarks>Faults name fields and limits, never contents.</remarks>
internal static class RequestReader
{
    public const int ChoicesMax = 8;
    public const int StopsMax = 4;
    public const int StopCharactersMax = 1024;
    public const int TopLogprobsMax = 20;
    public const int MessagesMax = 4096;
    public const int ToolsCharactersMax = 256 * 1024;
    public const int SchemaCharactersMax = 64 * 1024;

    /// <summary>Native parsers recurse: deeper JSON could exhaust the stack.</summary>
    public const int JsonDepthMax = 64;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = JsonDepthMax };
    // Texts as they are: an escaped special token would be one again in the template.
    private static readonly JsonWriterOptions WriterOptions =
        new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Checks what needs no model; the fault is empty when all is well.</summary>
    public static string FindFault(GenerateRequest request)
    {
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

        if (request.TopLogprobs > TopLogprobsMax)
        {
            return $"top_logprobs must be at most {TopLogprobsMax}";
        }

        return request.TaskCase == GenerateRequest.TaskOneofCase.None ? FindMessageFault(request) : "";
    }

    private static string FindMessageFault(GenerateRequest request)
    {
        if (request.Messages.Count is 0 or > MessagesMax)
        {
            return $"messages must be 1 to {MessagesMax}";
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

        if (request.ContinuesFinalMessage && request.Messages[^1].Role != "assistant")
        {
            return "messages must end with the assistant's to be continued";
        }

        if (request.ReasoningEffort is not ("" or "none" or "minimal" or "low" or "medium" or "high" or "xhigh"))
        {
            return "reasoning_effort has an unknown value";
        }

        return "";
    }

    /// <summary>The request as the template engine takes it, with what people wrote guarded.</summary>
    public static bool TryRead(GenerateRequest request, SpecialText special, out ChatRequestJson? json, out string fault)
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
                    fault = "response_schema_json must be an object";
                    return false;
                }

                if (OutputSchema.FindFault(document.RootElement) is { } unobeyed)
                {
                    fault = $"response_schema_json can't be obeyed: {unobeyed.Reason}";
                    return false;
                }
            }

            string tools = request.ToolsJson;
            string choice = request.ToolChoice;
            if (!TryReadTools(ref tools, ref choice, out fault))
            {
                return false;
            }

            if (tools.Length > 0 && !TrySimplify(ref tools))
            {
                fault = $"tools must have at most {OutputSchema.NodesMax} parts";
                return false;
            }

            if (tools.Length > 0 && special.IsIn(tools = WriteTools(tools, special)))
            {
                fault = "tools must not spell out the model's special tokens";
                return false;
            }

            json = new ChatRequestJson(WriteMessages(request.Messages, special), tools, choice, schema, request.ParallelToolCalls)
            {
                ReasoningEffort = request.ReasoningEffort,
                ContinuesFinalMessage = request.ContinuesFinalMessage,
            };
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

    private static bool TrySimplify(ref string tools)
    {
        using JsonDocument document = JsonDocument.Parse(tools, Options);
        bool isSimple = false;
        tools = Write(writer => isSimple = ToolSchemas.TryWrite(writer, document.RootElement));
        return isSimple;
    }

    /// <summary>Names and schemas of tools become the grammar and can't be changed; what describes them can.</summary>
    private static string WriteTools(string tools, SpecialText special) => Write(writer =>
    {
        using JsonDocument document = JsonDocument.Parse(tools, Options);
        special.WriteGuarded(writer, document.RootElement, only: "description", isGuarded: false);
    });

    private static string WriteMessages(IEnumerable<ChatMessage> messages, SpecialText special) => Write(writer =>
    {
        writer.WriteStartArray();
        foreach (ChatMessage message in messages)
        {
            WriteMessage(writer, message, special);
        }

        writer.WriteEndArray();
    });

    private static string Write(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer, WriterOptions))
        {
            write(writer);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteMessage(Utf8JsonWriter writer, ChatMessage message, SpecialText special)
    {
        writer.WriteStartObject();
        writer.WriteString("role", message.Role);
        writer.WriteString("content", special.Guard(message.Content));
        if (message.Name.Length > 0)
        {
            writer.WriteString("name", special.Guard(message.Name));
        }

        if (message.ToolCallId.Length > 0)
        {
            writer.WriteString("tool_call_id", special.Guard(message.ToolCallId));
        }

        if (message.ToolCallsJson.Length > 0)
        {
            using JsonDocument calls = JsonDocument.Parse(message.ToolCallsJson, Options);
            writer.WritePropertyName("tool_calls");
            special.WriteGuarded(writer, calls.RootElement);
        }

        writer.WriteEndObject();
    }
}
