using System.Text.Json;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>What every part of one completion repeats, encoded once.</summary>
internal sealed class CompletionHeader(string id, long created, string model, string? fingerprint)
{
    private readonly JsonEncodedText _id = Encode(id);
    private readonly JsonEncodedText _model = Encode(model);
    private readonly JsonEncodedText? _fingerprint = fingerprint is null ? null : Encode(fingerprint);

    public void Write(Utf8JsonWriter json, JsonEncodedText kind)
    {
        json.WriteString("id"u8, _id);
        json.WriteString("object"u8, kind);
        json.WriteNumber("created"u8, created);
        json.WriteString("model"u8, _model);
    }

    /// <param name="latest">What the node itself said, once it did.</param>
    public void WriteService(Utf8JsonWriter json, string? latest = null)
    {
        json.WriteString("service_tier"u8, "default"u8);
        WriteFingerprint(json, latest);
    }

    /// <param name="latest">What the node itself said, once it did.</param>
    public void WriteFingerprint(Utf8JsonWriter json, string? latest = null)
    {
        if (!string.IsNullOrEmpty(latest))
        {
            json.WriteString("system_fingerprint"u8, latest);
        }
        else if (_fingerprint is { } known)
        {
            json.WriteString("system_fingerprint"u8, known);
        }
        else
        {
            json.WriteNull("system_fingerprint"u8);
        }
    }

    private static JsonEncodedText Encode(string text) => JsonEncodedText.Encode(text, ApiResponses.WriterOptions.Encoder);
}
