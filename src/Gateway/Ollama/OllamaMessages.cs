using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;

namespace Darkbloom.Gateway.Ollama;

/// <summary>Reads the <c>messages</c> array.</summary>
/// <remarks>Ollama's calls have no ids: a result answers the oldest call that has none yet, or the oldest of the tool that it names.</remarks>
internal sealed class OllamaMessages(Conversation conversation)
{
    private const string Param = "messages";

    /// <summary>Calls without a result, the oldest first.</summary>
    private readonly List<(string Id, string Name)> _open = [];

    private int _calls;

    public ApiError? Read(JsonElement messages)
    {
        if (messages.ValueKind != JsonValueKind.Array)
        {
            return ApiError.WrongType(Param, "an array of objects", Parameters.Describe(messages));
        }

        if (messages.GetArrayLength() > MessageParser.MessagesMax)
        {
            return ApiError.TooLong(Param, "array", MessageParser.MessagesMax);
        }

        int index = 0;
        foreach (JsonElement message in messages.EnumerateArray())
        {
            if (ReadMessage(message, Parameters.At(Param, index++)) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private ApiError? ReadMessage(JsonElement message, string param)
    {
        if (ToolParser.CheckObject(message, param, ["role", "content", "images", "tool_calls", "tool_name", "tool_call_id", "thinking"]) is { } error)
        {
            return error;
        }

        if (!message.TryGetProperty("role", out JsonElement roleElement))
        {
            return ApiError.Missing($"{param}.role");
        }

        ApiError? roleError = Parameters.ReadString(roleElement, $"{param}.role", out string role)
            ?? (role is "system" or "user" or "assistant" or "tool"
                ? null
                : ApiError.InvalidValue($"{param}.role", role, "'system', 'user', 'assistant' and 'tool'"));
        if (roleError is not null)
        {
            return roleError;
        }

        string content = "";
        if (ToolParser.IsPresent(message, "content", out JsonElement contentElement)
            && Parameters.ReadString(contentElement, $"{param}.content", out content) is { } contentError)
        {
            return contentError;
        }

        if (ToolParser.IsPresent(message, "images", out JsonElement images) && (images.ValueKind != JsonValueKind.Array || images.GetArrayLength() > 0))
        {
            return ApiError.Unsupported($"{param}.images", "The models of this mesh take text only.");
        }

        if (role == "tool")
        {
            return ReadResult(message, param, content);
        }

        conversation.Add(role, content);
        return ToolParser.IsPresent(message, "tool_calls", out JsonElement calls) ? ReadCalls(calls, role, $"{param}.tool_calls") : null;
    }

    private ApiError? ReadCalls(JsonElement calls, string role, string param)
    {
        if (calls.ValueKind != JsonValueKind.Array)
        {
            return ApiError.WrongType(param, "an array of objects", Parameters.Describe(calls));
        }

        if (calls.GetArrayLength() > 0 && role != "assistant")
        {
            return ApiError.Unsupported(param, "Only the assistant calls tools.");
        }

        if (calls.GetArrayLength() > ToolParser.CallsMax)
        {
            return ApiError.TooLong(param, "array", ToolParser.CallsMax);
        }

        int index = 0;
        foreach (JsonElement call in calls.EnumerateArray())
        {
            if (ReadCall(call, Parameters.At(param, index++)) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private ApiError? ReadCall(JsonElement call, string param)
    {
        if (ToolParser.CheckObject(call, param, ["id", "type", "function"]) is { } error)
        {
            return error;
        }

        if (!call.TryGetProperty("function", out JsonElement function))
        {
            return ApiError.Missing($"{param}.function");
        }

        string name = "";
        ApiError? functionError = ToolParser.CheckObject(function, $"{param}.function", ["index", "name", "description", "arguments"])
            ?? ToolParser.CheckFunctionName(function, $"{param}.function", out name);
        if (functionError is not null)
        {
            return functionError;
        }

        if (!function.TryGetProperty("arguments", out JsonElement arguments) || arguments.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType(
                $"{param}.function.arguments", "an object", arguments.ValueKind == JsonValueKind.Undefined ? "nothing" : Parameters.Describe(arguments));
        }

        string id = string.Create(CultureInfo.InvariantCulture, $"call_{_calls++}");
        _open.Add((id, name));
        conversation.AddCall(id, name, arguments.GetRawText());
        return null;
    }

    private ApiError? ReadResult(JsonElement message, string param, string content)
    {
        string name = "";
        if (ToolParser.IsPresent(message, "tool_name", out JsonElement nameElement)
            && Parameters.ReadString(nameElement, $"{param}.tool_name", out name) is { } error)
        {
            return error;
        }

        int answered = name.Length > 0 ? _open.FindIndex(call => call.Name == name) : 0;
        if (answered < 0 || answered >= _open.Count)
        {
            return ApiError.Invalid($"Invalid '{param}': no tool call before it waits for a result.", param, "invalid_value");
        }

        conversation.TryAddResult(_open[answered].Id, content);
        _open.RemoveAt(answered);
        return null;
    }
}
