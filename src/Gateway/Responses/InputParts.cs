using System.Collections.Immutable;
using System.Linq;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;

namespace Darkbloom.Gateway.Responses;

/// <summary>Reads content that is given as an array of parts.</summary>
internal static class InputParts
{
    public static ApiError? Read(JsonElement value, string param, out ImmutableArray<(string Type, string Text)> parts)
    {
        parts = [];
        if (value.ValueKind != JsonValueKind.Array)
        {
            return ApiError.WrongType(param, "a string or an array of objects", Parameters.Describe(value));
        }

        if (value.GetArrayLength() > ContentParts.PartsMax)
        {
            return ApiError.TooLong(param, "array", ContentParts.PartsMax);
        }

        ImmutableArray<(string, string)>.Builder read = ImmutableArray.CreateBuilder<(string, string)>();
        foreach (JsonElement part in value.EnumerateArray())
        {
            if (ReadPart(part, Parameters.At(param, read.Count), out string type, out string text) is { } error)
            {
                return error;
            }

            read.Add((type, text));
        }

        parts = read.ToImmutable();
        return null;
    }

    /// <summary>One text of all parts, joined as those of a chat are.</summary>
    public static string Join(ImmutableArray<(string Type, string Text)> parts) => string.Join('\n', parts.Select(static part => part.Text));

    private static ApiError? ReadPart(JsonElement part, string param, out string type, out string text)
    {
        (type, text) = ("", "");
        if (part.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType(param, "an object", Parameters.Describe(part));
        }

        if (!part.TryGetProperty("type", out JsonElement typeElement))
        {
            return ApiError.Missing($"{param}.type");
        }

        if (Parameters.ReadString(typeElement, $"{param}.type", out type) is { } typeError)
        {
            return typeError;
        }

        string key = type == "refusal" ? "refusal" : "text";
        switch (type)
        {
            case "input_text" or "output_text" or "text" or "refusal":
                break;
            case "input_image" or "input_file" or "input_audio":
                return ApiError.UnsupportedValue($"{param}.type", $"The models of this mesh take text only: remove the '{type}' part.");
            default:
                return ApiError.InvalidValue($"{param}.type", type, "'input_text', 'output_text' and 'refusal'");
        }

        if (ToolParser.CheckObject(part, param, ["type", key, "annotations", "logprobs"]) is { } error)
        {
            return error;
        }

        return part.TryGetProperty(key, out JsonElement textElement)
            ? Parameters.ReadString(textElement, $"{param}.{key}", out text)
            : ApiError.Missing($"{param}.{key}");
    }
}
