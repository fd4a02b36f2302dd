using System.Text;
using System.Text.Json;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Reads a message's content given as an array of parts, and joins their texts by newlines as llama.cpp does.</summary>
internal static class ContentParts
{
    public const int PartsMax = 2048;

    public static ApiError? Read(JsonElement value, string param, bool allowRefusal, out string content)
    {
        content = "";
        if (value.ValueKind != JsonValueKind.Array)
        {
            return ApiError.WrongType(param, "a string or an array of objects", Parameters.Describe(value));
        }

        int count = value.GetArrayLength();
        if (count is 0 or > PartsMax)
        {
            return count == 0 ? ApiError.Empty(param, "array") : ApiError.TooLong(param, "array", PartsMax);
        }

        StringBuilder joined = new();
        int index = 0;
        foreach (JsonElement part in value.EnumerateArray())
        {
            ApiError? error = ReadPart(part, Parameters.At(param, index), allowRefusal, out string text);
            if (error is not null)
            {
                return error;
            }

            joined.Append(index++ == 0 ? "" : "\n").Append(text);
        }

        content = joined.ToString();
        return null;
    }

    private static ApiError? ReadPart(JsonElement part, string param, bool allowRefusal, out string text)
    {
        text = "";
        if (part.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType(param, "an object", Parameters.Describe(part));
        }

        if (!part.TryGetProperty("type", out JsonElement typeElement))
        {
            return ApiError.Missing($"{param}.type");
        }

        if (Parameters.ReadString(typeElement, $"{param}.type", out string type) is { } typeError)
        {
            return typeError;
        }

        switch (type)
        {
            case "text":
            case "refusal" when allowRefusal:
                return ReadText(part, param, type, out text);
            case "image_url" or "input_audio" or "file":
                return ApiError.UnsupportedValue(
                    $"{param}.type", $"The models of this mesh take text only: remove the '{type}' part.");
            default:
                return ApiError.InvalidValue($"{param}.type", type, allowRefusal ? "'text' and 'refusal'" : "'text'");
        }
    }

    private static ApiError? ReadText(JsonElement part, string param, string key, out string text)
    {
        text = "";
        bool found = false;
        foreach (JsonProperty field in part.EnumerateObject())
        {
            if (field.Name == "type")
            {
                continue;
            }

            string fieldParam = $"{param}.{ApiError.Echo(field.Name)}";
            ApiError? error = field.Name == key
                ? Parameters.ReadString(field.Value, fieldParam, out text)
                : ApiError.Invalid($"Unknown parameter: '{fieldParam}'.", fieldParam, "unknown_parameter");
            if (error is not null)
            {
                return error;
            }

            found = true;
        }

        return found ? null : ApiError.Missing($"{param}.{key}");
    }
}
