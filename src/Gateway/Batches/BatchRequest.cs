using System;
using System.Text.Json;
using Darkbloom.Gateway.Files;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;

namespace Darkbloom.Gateway.Batches;

/// <summary>The body of <c>POST /v1/batches</c>, checked.</summary>
internal sealed class BatchRequest
{
    /// <summary>The one window that there is.</summary>
    public const string Window = "24h";

    public static readonly TimeSpan WindowMax = TimeSpan.FromHours(24);

    private const string Endpoints = "'/v1/chat/completions', '/v1/completions', '/v1/embeddings' and '/v1/responses'";
    private const int IdCharsMax = 256;

    private string _window = "";

    public string InputFileId { get; private set; } = "";

    public string Endpoint { get; private set; } = "";

    public string Metadata { get; private set; } = "null";

    public TimeSpan? OutputLifetime { get; private set; }

    /// <summary>Returns what is wrong with the body, or null and the request.</summary>
    public static ApiError? Parse(ReadOnlyMemory<byte> body, out BatchRequest? request)
    {
        request = null;
        if (JsonBody.Parse(body, out JsonDocument? document) is { } error)
        {
            return error;
        }

        using (document)
        {
            request = new BatchRequest();
            foreach (JsonProperty field in document!.RootElement.EnumerateObject())
            {
                if (field.Value.ValueKind != JsonValueKind.Null && request.Read(field.Name, field.Value) is { } fieldError)
                {
                    return fieldError;
                }
            }

            return request.CheckWhole();
        }
    }

    private ApiError? Read(string name, JsonElement value)
    {
        ApiError? error;
        string text;
        switch (name)
        {
            case "input_file_id":
                error = Parameters.ReadString(value, name, IdCharsMax, out text);
                InputFileId = text;
                return error;
            case "endpoint":
                error = Parameters.ReadString(value, name, out text);
                Endpoint = text;
                return error ?? (text is "/v1/chat/completions" or "/v1/completions" or "/v1/embeddings" or "/v1/responses"
                    ? null
                    : ApiError.InvalidValue(name, text, Endpoints));
            case "completion_window":
                error = Parameters.ReadString(value, name, out text);
                _window = text;
                return error ?? (text == Window ? null : ApiError.InvalidValue(name, text, $"'{Window}'"));
            case "metadata":
                Metadata = value.GetRawText();
                return HarmlessFields.CheckMetadata(value);
            case "output_expires_after":
                return ReadLifetime(value, name);
            default:
                return ApiError.Unknown(name);
        }
    }

    private ApiError? ReadLifetime(JsonElement value, string param)
    {
        if (ToolParser.CheckObject(value, param, ["anchor", "seconds"]) is { } error)
        {
            return error;
        }

        if (!ToolParser.IsPresent(value, "anchor", out JsonElement anchor) || !ToolParser.IsPresent(value, "seconds", out JsonElement seconds))
        {
            return ApiError.Missing(ToolParser.IsPresent(value, "anchor", out _) ? $"{param}.seconds" : $"{param}.anchor");
        }

        ApiError? partError = Parameters.ReadString(anchor, $"{param}.anchor", out string name)
            ?? (name == "created_at" ? null : ApiError.InvalidValue($"{param}.anchor", name, "'created_at'"));
        long count = 0;
        partError ??= Parameters.ReadInteger(seconds, $"{param}.seconds", FileForm.LifetimeSecondsMin, FileForm.LifetimeSecondsMax, out count);
        OutputLifetime = TimeSpan.FromSeconds(count);
        return partError;
    }

    private ApiError? CheckWhole() =>
        InputFileId.Length == 0 ? ApiError.Missing("input_file_id")
        : Endpoint.Length == 0 ? ApiError.Missing("endpoint")
        : _window.Length == 0 ? ApiError.Missing("completion_window")
        : null;
}
