using System.Text.Json;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Fields that say who asks, how OpenAI files the request or how it may hurry: checked, then dropped.</summary>
/// <remarks>None of them changes an answer. Endpoints that keep answers read <c>store</c> and <c>metadata</c> for that.</remarks>
internal static class HarmlessFields
{
    public const int LabelCharsMax = 512;
    public const int MetadataPairsMax = 16;
    public const int MetadataKeyCharsMax = 64;
    public const int MetadataValueCharsMax = 512;

    /// <summary>False when the field is none of these.</summary>
    public static bool TryCheck(string name, JsonElement value, out ApiError? error)
    {
        error = null;
        if (name is not ("user" or "safety_identifier" or "prompt_cache_retention" or "metadata" or "store"
            or "service_tier" or "prediction"))
        {
            return false;
        }

        error = value.ValueKind == JsonValueKind.Null ? null : Check(name, value);
        return true;
    }

    private static ApiError? Check(string name, JsonElement value) => name switch
    {
        "metadata" => CheckMetadata(value),
        "store" => Parameters.ReadBoolean(value, name, out _),
        "service_tier" => Parameters.ReadString(value, name, out string tier) ?? (
            tier is "auto" or "default" or "flex" or "scale" or "priority"
                ? null
                : ApiError.InvalidValue(name, tier, "'auto', 'default', 'flex', 'scale' and 'priority'")),
        "prompt_cache_retention" => Parameters.ReadString(value, name, out string retention) ?? (
            retention is "in_memory" or "in-memory" or "24h" ? null : ApiError.InvalidValue(name, retention, "'in_memory' and '24h'")),
        "prediction" => CheckPrediction(value),
        _ => Parameters.ReadString(value, name, LabelCharsMax, out _),
    };

    /// <summary>A guess at the answer can only make it come sooner.</summary>
    private static ApiError? CheckPrediction(JsonElement value)
    {
        const string Param = "prediction";
        if (ToolParser.CheckObject(value, Param, ["type", "content"]) is { } error)
        {
            return error;
        }

        if (!value.TryGetProperty("type", out JsonElement type) || !value.TryGetProperty("content", out JsonElement content))
        {
            return ApiError.Missing(type.ValueKind == JsonValueKind.Undefined ? $"{Param}.type" : $"{Param}.content");
        }

        if (Parameters.ReadString(type, $"{Param}.type", out string kind) is { } typeError)
        {
            return typeError;
        }

        return kind != "content" ? ApiError.InvalidValue($"{Param}.type", kind, "'content'")
            : content.ValueKind == JsonValueKind.String ? null
            : ContentParts.Read(content, $"{Param}.content", allowRefusal: false, out _);
    }

    internal static ApiError? CheckMetadata(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return ApiError.WrongType("metadata", "an object", Parameters.Describe(value));
        }

        if (value.GetPropertyCount() > MetadataPairsMax)
        {
            return ApiError.TooLong("metadata", "object", MetadataPairsMax);
        }

        foreach (JsonProperty pair in value.EnumerateObject())
        {
            string param = $"metadata.{ApiError.Echo(pair.Name)}";
            ApiError? error = pair.Name.Length > MetadataKeyCharsMax
                ? ApiError.TooLong(param, "string", MetadataKeyCharsMax)
                : Parameters.ReadString(pair.Value, param, out string text) ?? (text.Length > MetadataValueCharsMax
                    ? ApiError.TooLong(param, "string", MetadataValueCharsMax)
                    : null);
            if (error is not null)
            {
                return error;
            }
        }

        return null;
    }
}
