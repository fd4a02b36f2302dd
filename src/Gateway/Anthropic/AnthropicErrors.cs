using System.Text.Json;
using Darkbloom.Gateway.OpenAi;

namespace Darkbloom.Gateway.Anthropic;

/// <summary>Errors in Anthropic's words.</summary>
internal static class AnthropicErrors
{
    /// <summary>Writes <c>{"type":"error","error":{"type","message"},"request_id"}</c>.</summary>
    public static void Write(Utf8JsonWriter json, (ApiError Error, string RequestId) state)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "error"u8);
        WriteFields(json, state.Error, state.RequestId);
        json.WriteEndObject();
    }

    /// <summary>Writes what stands beside the type.</summary>
    public static void WriteFields(Utf8JsonWriter json, ApiError error, string requestId)
    {
        json.WriteStartObject("error"u8);
        json.WriteString("type"u8, TypeOf(error.Status));
        json.WriteString("message"u8, error.Message);
        json.WriteEndObject();
        json.WriteString("request_id"u8, requestId);
    }

    private static string TypeOf(int status) => status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        504 => "timeout_error",
        >= 500 => "api_error",
        _ => "invalid_request_error",
    };
}
