using System;
using System.Buffers;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;

namespace Darkbloom.Gateway.Files;

/// <summary>What is known of a file beside its content.</summary>
/// <param name="Owner">Whoever may see it, as <see cref="Storage.SealedDirectory.OwnerOf"/> calls them.</param>
/// <param name="CreatedAt">Unix seconds, as is <paramref name="ExpiresAt"/>.</param>
/// <param name="IsDeleted">Nobody may see it any more, and its content stays only while a batch reads it.</param>
internal sealed record StoredFile(
    string Id, string Owner, string Purpose, string Name, long Bytes, long CreatedAt, long? ExpiresAt, bool IsDeleted = false)
{
    /// <summary>The file as clients see it.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "file"u8);
        WriteFields(json);
        json.WriteString("status"u8, "processed"u8);
        json.WriteNull("status_details"u8);
        json.WriteEndObject();
    }

    /// <summary>The file as the disk keeps it.</summary>
    public ReadOnlyMemory<byte> ToDocument()
    {
        ArrayBufferWriter<byte> document = new();
        using (Utf8JsonWriter json = new(document, ApiResponses.WriterOptions))
        {
            json.WriteStartObject();
            WriteFields(json);
            json.WriteString("owner"u8, Owner);
            json.WriteBoolean("deleted"u8, IsDeleted);
            json.WriteEndObject();
        }

        return document.WrittenMemory;
    }

    public static StoredFile Read(ReadOnlyMemory<byte> document)
    {
        using JsonDocument json = JsonDocument.Parse(document);
        JsonElement root = json.RootElement;
        return new StoredFile(
            root.GetProperty("id").GetString()!,
            root.GetProperty("owner").GetString()!,
            root.GetProperty("purpose").GetString()!,
            root.GetProperty("filename").GetString()!,
            root.GetProperty("bytes").GetInt64(),
            root.GetProperty("created_at").GetInt64(),
            root.GetProperty("expires_at") is { ValueKind: JsonValueKind.Number } expiry ? expiry.GetInt64() : null,
            root.GetProperty("deleted").GetBoolean());
    }

    private void WriteFields(Utf8JsonWriter json)
    {
        json.WriteString("id"u8, Id);
        json.WriteString("purpose"u8, Purpose);
        json.WriteString("filename"u8, Name);
        json.WriteNumber("bytes"u8, Bytes);
        json.WriteNumber("created_at"u8, CreatedAt);
        json.WritePropertyName("expires_at"u8);
        if (ExpiresAt is { } expiry)
        {
            json.WriteNumberValue(expiry);
        }
        else
        {
            json.WriteNullValue();
        }
    }
}
