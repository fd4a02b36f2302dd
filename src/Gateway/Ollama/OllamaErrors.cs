using System.Text.Json;
using Darkbloom.Gateway.OpenAi;

namespace Darkbloom.Gateway.Ollama;

/// <summary>Errors in Ollama's words: one sentence.</summary>
internal static class OllamaErrors
{
    /// <summary>Writes <c>{"error":"..."}</c>.</summary>
    public static void Write(Utf8JsonWriter json, ApiError error)
    {
        json.WriteStartObject();
        json.WriteString("error"u8, error.Message);
        json.WriteEndObject();
    }
}
