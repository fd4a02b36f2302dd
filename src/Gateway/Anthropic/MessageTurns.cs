using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;

namespace Darkbloom.Gateway.Anthropic;

/// <summary>Reads the <c>messages</c> array.</summary>
internal sealed class MessageTurns(Conversation conversation)
{
    private const string Param = "messages";

    public ApiError? Read(JsonElement messages)
    {
        if (messages.ValueKind != JsonValueKind.Array)
        {
            return ApiError.WrongType(Param, "an array of objects", Parameters.Describe(messages));
        }

        int count = messages.GetArrayLength();
        if (count is 0 or > MessageParser.MessagesMax)
        {
            return count == 0 ? ApiError.Empty(Param, "array") : ApiError.TooLong(Param, "array", MessageParser.MessagesMax);
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
        if (ToolParser.CheckObject(message, param, ["role", "content"]) is { } error)
        {
            return error;
        }

        if (!message.TryGetProperty("role", out JsonElement roleElement))
        {
            return ApiError.Missing($"{param}.role");
        }

        if (Parameters.ReadString(roleElement, $"{param}.role", out string role) is { } roleError)
        {
            return roleError;
        }

        if (role is not ("user" or "assistant" or "system"))
        {
            return ApiError.InvalidValue($"{param}.role", role, "'user', 'assistant' and 'system'");
        }

        if (!ToolParser.IsPresent(message, "content", out JsonElement content))
        {
            return ApiError.Missing($"{param}.content");
        }

        if (content.ValueKind == JsonValueKind.String)
        {
            conversation.Add(role, content.GetString()!);
            return null;
        }

        return ReadBlocks(content, role, $"{param}.content");
    }

    /// <summary>Texts that follow each other are one message; results and calls stand where they are.</summary>
    private ApiError? ReadBlocks(JsonElement blocks, string role, string param)
    {
        if (MessageBlocks.CheckArray(blocks, param) is { } arrayError)
        {
            return arrayError;
        }

        string? text = null;
        int index = 0;
        foreach (JsonElement block in blocks.EnumerateArray())
        {
            string blockParam = Parameters.At(param, index++);
            if (MessageBlocks.ReadType(block, blockParam, out string type) is { } typeError)
            {
                return typeError;
            }

            if (type == "text")
            {
                if (MessageBlocks.ReadTextBlock(block, blockParam, out string more) is { } textError)
                {
                    return textError;
                }

                text = text is null ? more : $"{text}\n{more}";
                continue;
            }

            Flush(role, ref text);
            if (ReadOther(block, role, type, blockParam) is { } error)
            {
                return error;
            }
        }

        Flush(role, ref text);
        return null;
    }

    private ApiError? ReadOther(JsonElement block, string role, string type, string param) => (type, role) switch
    {
        ("tool_use", "assistant") => ReadCall(block, param),
        ("tool_result", "user") => ReadResult(block, param),

        // What the model thought in an earlier turn: templates drop it.
        ("thinking", "assistant") => ToolParser.CheckObject(block, param, ["type", "thinking", "signature"]),
        ("redacted_thinking", "assistant") => ToolParser.CheckObject(block, param, ["type", "data"]),
        ("image" or "document" or "search_result", _) =>
            ApiError.UnsupportedValue($"{param}.type", $"The models of this mesh take text only: remove the '{type}' block."),
        _ => ApiError.InvalidValue($"{param}.type", type, role == "user" ? "'text' and 'tool_result'" : "'text', 'tool_use' and 'thinking'"),
    };

    private ApiError? ReadCall(JsonElement block, string param)
    {
        string id = "";
        string name = "";
        ApiError? error = ToolParser.CheckObject(block, param, ["type", "id", "name", "input", "cache_control", "caller"])
            ?? MessageBlocks.ReadId(block, param, "id", out id)
            ?? ToolParser.CheckFunctionName(block, param, out name);
        if (error is not null)
        {
            return error;
        }

        if (!block.TryGetProperty("input", out JsonElement input) || input.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType($"{param}.input", "an object", input.ValueKind == JsonValueKind.Undefined ? "nothing" : Parameters.Describe(input));
        }

        conversation.AddCall(id, name, input.GetRawText());
        return null;
    }

    private ApiError? ReadResult(JsonElement block, string param)
    {
        string id = "";
        string text = "";
        ApiError? error = ToolParser.CheckObject(block, param, ["type", "tool_use_id", "content", "is_error", "cache_control"])
            ?? MessageBlocks.ReadId(block, param, "tool_use_id", out id);
        if (error is null && ToolParser.IsPresent(block, "content", out JsonElement content))
        {
            error = MessageBlocks.ReadText(content, $"{param}.content", out text);
        }

        if (error is null && ToolParser.IsPresent(block, "is_error", out JsonElement isError))
        {
            error = Parameters.ReadBoolean(isError, $"{param}.is_error", out _);
        }

        if (error is not null)
        {
            return error;
        }

        return conversation.TryAddResult(id, text)
            ? null
            : ApiError.Invalid(
                $"Invalid '{param}.tool_use_id': no 'tool_use' block before it has the id '{ApiError.Echo(id)}'.", $"{param}.tool_use_id", "invalid_value");
    }

    private void Flush(string role, ref string? text)
    {
        if (text is not null)
        {
            conversation.Add(role, text);
            text = null;
        }
    }
}
