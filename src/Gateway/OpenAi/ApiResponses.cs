using System;
using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading.Tasks;
using Darkbloom.Gateway.Anthropic;
using Darkbloom.Gateway.Ollama;
using Microsoft.AspNetCore.Http;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>Writes whole JSON responses.</summary>
internal static class ApiResponses
{
    public const string JsonContentType = "application/json";

    /// <summary>Text goes out as it is: the responses are JSON, never part of a web page.</summary>
    public static JsonWriterOptions WriterOptions { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async ValueTask WriteJsonAsync<TState>(
        ApiExchange exchange, int status, TState state, Action<Utf8JsonWriter, TState> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        await using (Utf8JsonWriter json = new(buffer, WriterOptions))
        {
            write(json, state);
        }

        await WriteAsync(exchange, status, JsonContentType, buffer.WrittenMemory);
    }

    public static async ValueTask WriteAsync(ApiExchange exchange, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        HttpResponse response = exchange.Context.Response;
        exchange.StampProcessingTime();
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        await response.BodyWriter.WriteAsync(body, exchange.Context.RequestAborted);
    }

    public static ValueTask WriteErrorAsync(ApiExchange exchange, ApiError error)
    {
        IHeaderDictionary headers = exchange.Context.Response.Headers;
        if (error.RetryAfter is { } retryAfter)
        {
            long milliseconds = Math.Max(1, (long)Math.Ceiling(retryAfter.TotalMilliseconds));
            headers["retry-after-ms"] = milliseconds.ToString(CultureInfo.InvariantCulture);
            headers.RetryAfter = ((milliseconds + 999) / 1000).ToString(CultureInfo.InvariantCulture);
        }

        if (error.Status == StatusCodes.Status401Unauthorized)
        {
            headers.WWWAuthenticate = "Bearer realm=\"Darkbloom\"";
        }

        return exchange.Dialect switch
        {
            ApiDialect.Anthropic => WriteJsonAsync(exchange, error.Status, (error, exchange.RequestId), AnthropicErrors.Write),
            ApiDialect.Ollama => WriteJsonAsync(exchange, error.Status, error, OllamaErrors.Write),
            _ => WriteJsonAsync(exchange, error.Status, error, WriteError),
        };
    }

    /// <summary>Writes OpenAI's <c>{"error":{"message","type","param","code"}}</c>.</summary>
    public static void WriteError(Utf8JsonWriter json, ApiError error)
    {
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, error.Message);
        json.WriteString("type"u8, error.Type);
        json.WriteString("param"u8, error.Param);
        json.WriteString("code"u8, error.Code);
        json.WriteEndObject();
        if (error.HasDetail)
        {
            json.WriteStartObject("detail"u8);
            json.WriteString("message"u8, error.Message);
            json.WriteString("code"u8, error.Code);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
