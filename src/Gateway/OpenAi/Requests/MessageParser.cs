using System.Collections.Generic;
using System.Text.Json;
using Darkbloom.Protocol.Schema;
using Google.Protobuf.Collections;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Reads the <c>messages</c> array.</summary>
internal sealed class MessageParser
{
    public const int MessagesMax = 2048;
    public const int NameCharsMax = 64;
    public const int ToolCallIdCharsMax = 256;

    private const string Roles = "'system', 'developer', 'user', 'assistant' and 'tool'";

    /// <summary>Calls that the assistant made so far: a tool message must answer one of them.</summary>
    private readonly HashSet<string> _toolCallIds = [];

    private MessageParser()
    {
    }

    /// <summary>Returns what is wrong with the array, or null after adding its messages to <paramref name="target"/>.</summary>
    public static ApiError? Parse(JsonElement messages, RepeatedField<ChatMessage> target)
    {
        const string Param = "messages";
        if (messages.ValueKind != JsonValueKind.Array)
        {
            return ApiError.WrongType(Param, "an array of objects", Parameters.Describe(messages));
        }

        int count = messages.GetArrayLength();
        if (count is 0 or > MessagesMax)
        {
            return count == 0 ? ApiError.Empty(Param, "array") : ApiError.TooLong(Param, "array", MessagesMax);
        }

        MessageParser parser = new();
        foreach (JsonElement message in messages.EnumerateArray())
        {
            ApiError? error = parser.ReadMessage(message, Parameters.At(Param, target.Count), out ChatMessage read);
            if (error is not null)
            {
                return error;
            }

            target.Add(read);
        }

        return null;
    }

    private ApiError? ReadMessage(JsonElement message, string param, out ChatMessage read)
    {
        read = new ChatMessage();
        if (message.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType(param, "an object", Parameters.Describe(message));
        }

        if (!message.TryGetProperty("role", out JsonElement role) || role.ValueKind == JsonValueKind.Null)
        {
            return ApiError.Missing($"{param}.role");
        }

        if (ReadRole(role, $"{param}.role", read) is { } roleError)
        {
            return roleError;
        }

        bool hasContent = false;
        string refusal = "";
        foreach (JsonProperty field in message.EnumerateObject())
        {
            if (field.Name == "role")
            {
                continue;
            }

            hasContent |= field.Name == "content" && field.Value.ValueKind != JsonValueKind.Null;
            if (ReadField(field, $"{param}.{ApiError.Echo(field.Name)}", read, ref refusal) is { } error)
            {
                return error;
            }
        }

        return CheckWhole(param, read, hasContent, refusal);
    }

    private static ApiError? ReadRole(JsonElement value, string param, ChatMessage read)
    {
        if (Parameters.ReadString(value, param, out string role) is { } error)
        {
            return error;
        }

        switch (role)
        {
            case "system" or "user" or "assistant" or "tool":
                read.Role = role;
                return null;
            case "developer":
                // Open models know one voice above the user's, and their templates call it system.
                read.Role = "system";
                return null;
            case "function":
                return ApiError.UnsupportedValue(param, "The 'function' role is obsolete: use 'tool' with a 'tool_call_id'.");
            default:
                return ApiError.InvalidValue(param, role, Roles);
        }
    }

    private ApiError? ReadField(JsonProperty field, string param, ChatMessage read, ref string refusal)
    {
        JsonElement value = field.Value;
        bool isNull = value.ValueKind == JsonValueKind.Null;
        switch (field.Name, read.Role)
        {
            case ("content", _):
                return isNull ? null : ReadContent(value, param, read);
            case ("name", not "tool"):
                return isNull ? null : ReadName(value, param, read);
            case ("tool_call_id", "tool"):
                return isNull ? null : ReadToolCallId(value, param, read);
            case ("tool_calls", "assistant"):
                return isNull ? null : ReadToolCalls(value, param, read);
            case ("refusal", "assistant"):
                return isNull ? null : Parameters.ReadString(value, param, out refusal);
            case ("reasoning_content" or "reasoning", "assistant"):
                // What the model thought in an earlier turn: clients send our own messages back, and templates drop it.
                return isNull ? null : Parameters.ReadString(value, param, out _);
            case ("annotations", "assistant"):
                return isNull || (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0)
                    ? null
                    : ApiError.Unsupported(param, "Send an empty array or remove it.");
            case ("audio", "assistant"):
                return isNull ? null : ApiError.Unsupported(param, "The models of this mesh take text only.");
            case ("function_call", "assistant"):
                return isNull ? null : ApiError.Unsupported(param, "Use 'tool_calls' instead.");
            default:
                return ApiError.Invalid($"Unknown parameter: '{param}'.", param, "unknown_parameter");
        }
    }

    private static ApiError? ReadContent(JsonElement value, string param, ChatMessage read)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            read.Content = value.GetString();
            return null;
        }

        ApiError? error = ContentParts.Read(value, param, read.Role == "assistant", out string content);
        read.Content = content;
        return error;
    }

    private static ApiError? ReadName(JsonElement value, string param, ChatMessage read)
    {
        ApiError? error = Parameters.ReadString(value, param, NameCharsMax, out string name);
        read.Name = name;
        return error;
    }

    private static ApiError? ReadToolCallId(JsonElement value, string param, ChatMessage read)
    {
        ApiError? error = Parameters.ReadString(value, param, ToolCallIdCharsMax, out string id);
        read.ToolCallId = id;
        return error;
    }

    private ApiError? ReadToolCalls(JsonElement value, string param, ChatMessage read)
    {
        ApiError? error = ToolParser.CheckCalls(value, param, _toolCallIds);
        if (error is null && value.GetArrayLength() > 0)
        {
            read.ToolCallsJson = value.GetRawText();
        }

        return error;
    }

    private ApiError? CheckWhole(string param, ChatMessage read, bool hasContent, string refusal)
    {
        if (read.Role == "tool")
        {
            if (read.ToolCallId.Length == 0)
            {
                return ApiError.Missing($"{param}.tool_call_id");
            }

            if (!_toolCallIds.Contains(read.ToolCallId))
            {
                return ApiError.Invalid(
                    $"Invalid parameter: '{param}' must be a response to a preceding message with 'tool_calls' that holds its 'tool_call_id'.",
                    $"{param}.tool_call_id",
                    "invalid_value");
            }
        }

        if (hasContent)
        {
            return null;
        }

        // A model that refused said so; to the next turn that is what it said.
        read.Content = refusal;
        return refusal.Length > 0 || read.ToolCallsJson.Length > 0 ? null : ApiError.Missing($"{param}.content");
    }
}
