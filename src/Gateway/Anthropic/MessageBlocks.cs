using System.Collections.Generic;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;

namespace Darkbloom.Gateway.Anthropic;

/// <summary>Reads single blocks of content.</summary>
internal static class MessageBlocks
{
    /// <summary>Reads a text, or an array of blocks that are all texts.</summary>
    public static ApiError? ReadText(JsonElement value, string param, out string text)
    {
        text = "";
        if (value.ValueKind == JsonValueKind.String)
        {
            text = value.GetString()!;
            return null;
        }

        if (CheckArray(value, param) is { } error)
        {
            return error;
        }

        List<string> texts = [];
        foreach (JsonElement block in value.EnumerateArray())
        {
            string blockParam = Parameters.At(param, texts.Count);
            if (ReadType(block, blockParam, out string type) is { } typeError)
            {
                return typeError;
            }

            if (type != "text")
            {
                return ApiError.UnsupportedValue($"{blockParam}.type", $"The models of this mesh take text only: remove the '{ApiError.Echo(type)}' block.");
            }

            if (ReadTextBlock(block, blockParam, out string more) is { } textError)
            {
                return textError;
            }

            texts.Add(more);
        }

        text = string.Join('\n', texts);
        return null;
    }

    public static ApiError? CheckArray(JsonElement value, string param) =>
        value.ValueKind != JsonValueKind.Array ? ApiError.WrongType(param, "a string or an array of objects", Parameters.Describe(value))
        : value.GetArrayLength() > ContentParts.PartsMax ? ApiError.TooLong(param, "array", ContentParts.PartsMax)
        : null;

    public static ApiError? ReadType(JsonElement block, string param, out string type)
    {
        type = "";
        return block.ValueKind != JsonValueKind.Object ? ApiError.WrongType(param, "an object", Parameters.Describe(block))
            : block.TryGetProperty("type", out JsonElement element) ? Parameters.ReadString(element, $"{param}.type", out type)
            : ApiError.Missing($"{param}.type");
    }

    public static ApiError? ReadTextBlock(JsonElement block, string param, out string text)
    {
        text = "";
        return ToolParser.CheckObject(block, param, ["type", "text", "cache_control", "citations"])
            ?? (block.TryGetProperty("text", out JsonElement value)
                ? Parameters.ReadString(value, $"{param}.text", out text)
                : ApiError.Missing($"{param}.text"));
    }

    public static ApiError? ReadId(JsonElement block, string param, string key, out string id)
    {
        id = "";
        return block.TryGetProperty(key, out JsonElement value)
            ? Parameters.ReadString(value, $"{param}.{key}", MessageParser.ToolCallIdCharsMax, out id)
            : ApiError.Missing($"{param}.{key}");
    }
}
