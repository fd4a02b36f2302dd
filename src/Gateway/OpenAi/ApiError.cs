using System;
using System.Globalization;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>What the client is told when a request fails: an HTTP status and OpenAI's error object.</summary>
/// <param name="Param">The path of the field at fault, such as <c>messages[1].content</c>.</param>
/// <param name="RetryAfter">Set when the same request may succeed later.</param>
internal sealed record ApiError(
    int Status, string Message, string Type, string? Param, string? Code, TimeSpan? RetryAfter = null)
{
    /// <summary>The message stands beside the error object once more, as OpenAI has it for files.</summary>
    public bool HasDetail { get; init; }

    public const string InvalidRequestType = "invalid_request_error";

    public const string ServerErrorType = "server_error";

    /// <summary>How much of a client's own value an error repeats to it.</summary>
    private const int EchoCharsMax = 64;

    public static ApiError Invalid(string message, string? param, string? code) =>
        new(400, message, InvalidRequestType, param, code);

    public static ApiError Missing(string param) =>
        Invalid($"Missing required parameter: '{param}'.", param, "missing_required_parameter");

    public static ApiError WrongType(string param, string expected, string got) =>
        Invalid($"Invalid type for '{param}': expected {expected}, but got {got} instead.", param, "invalid_type");

    public static ApiError InvalidValue(string param, string got, string supported) =>
        Invalid($"Invalid value for '{param}': '{Echo(got)}'. Supported values are: {supported}.", param, "invalid_value");

    public static ApiError Unknown(string param) =>
        Invalid($"Unrecognized request argument supplied: {Echo(param)}", Echo(param), "unknown_parameter");

    public static ApiError Unsupported(string param, string advice) =>
        Invalid($"Unsupported parameter: '{param}' is not supported by this gateway. {advice}", param, "unsupported_parameter");

    public static ApiError UnsupportedValue(string param, string advice) =>
        Invalid($"Unsupported value for '{param}'. {advice}", param, "unsupported_value");

    public static ApiError Empty(string param, string kind) =>
        Invalid($"Invalid '{param}': empty {kind}. Expected at least one element.", param, $"empty_{kind}");

    public static ApiError TooLong(string param, string kind, int max) =>
        Invalid(
            string.Create(CultureInfo.InvariantCulture, $"Invalid '{param}': {kind} too long. Expected at most {max}."),
            param,
            $"{kind}_above_max_length");

    public static ApiError ModelNotFound(string model) =>
        new(
            404,
            $"The model '{Echo(model)}' does not exist, or no node of this mesh serves it now. GET /v1/models lists those that are served.",
            InvalidRequestType,
            "model",
            "model_not_found");

    public static ApiError InvalidKey(string message) => new(401, message, InvalidRequestType, null, "invalid_api_key");

    public static ApiError Stopping() =>
        new(503, "The gateway is shutting down.", ServerErrorType, null, "shutting_down", TimeSpan.FromSeconds(1));

    public static ApiError Overloaded() =>
        new(503, "The gateway has too many requests open.", ServerErrorType, null, "overloaded", TimeSpan.FromSeconds(1));

    public static ApiError Internal() =>
        new(500, "The gateway failed to process the request. Its log has the details under this request id.", ServerErrorType, null, "internal_error");

    /// <summary>The beginning of a client's text, never half of a surrogate pair.</summary>
    internal static string Echo(string text)
    {
        if (text.Length <= EchoCharsMax)
        {
            return text;
        }

        int length = char.IsHighSurrogate(text[EchoCharsMax - 1]) ? EchoCharsMax - 1 : EchoCharsMax;
        return string.Concat(text.AsSpan(0, length), "…");
    }
}
