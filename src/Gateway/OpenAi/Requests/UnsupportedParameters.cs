using System.Text.Json;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>OpenAI's fields that this gateway cannot honour: refused by name, unless their value asks for nothing.</summary>
internal static class UnsupportedParameters
{
    private const string RemoveIt = "Remove it from the request.";

    /// <summary>Returns null when the field is known and its value is the one that changes nothing.</summary>
    public static ApiError? Check(string name, JsonElement value)
    {
        string? advice = Advise(name);
        if (advice is null)
        {
            return ApiError.Unknown(name);
        }

        return value.ValueKind == JsonValueKind.Null || AsksForNothing(name, value)
            ? null
            : ApiError.Unsupported(name, advice);
    }

    private static string? Advise(string name) => name switch
    {
        "audio" => "The models of this mesh write text only. " + RemoveIt,
        "function_call" => "Use 'tool_choice' instead.",
        "functions" => "Use 'tools' instead.",
        "moderation" or "prompt_cache_options" or "web_search_options" => RemoveIt,
        "modalities" => "The models of this mesh write text only: send [\"text\"] or remove it.",
        "verbosity" => "Send \"medium\" or remove it.",
        _ => null,
    };

    private static bool AsksForNothing(string name, JsonElement value) => name switch
    {
        "function_call" => value.ValueKind == JsonValueKind.String && value.ValueEquals("none"),
        "functions" => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0,
        "modalities" => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 1
            && value[0].ValueKind == JsonValueKind.String && value[0].ValueEquals("text"),
        "verbosity" => value.ValueKind == JsonValueKind.String && value.ValueEquals("medium"),
        _ => false,
    };
}
