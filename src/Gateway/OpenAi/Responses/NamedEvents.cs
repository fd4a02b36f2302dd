using System;
using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Writes events that have a name, and repeat it as the type of the object that they carry.</summary>
internal sealed class NamedEvents(IBufferWriter<byte> output) : IDisposable
{
    /// <summary>Writes into the event that was begun.</summary>
    public Utf8JsonWriter Json { get; } = new(output, ApiResponses.WriterOptions);

    public void Begin(string name)
    {
        output.Write("event: "u8);
        Encoding.UTF8.GetBytes(name, output);
        output.Write("\ndata: "u8);
        Json.Reset();
        Json.WriteStartObject();
        Json.WriteString("type"u8, name);
    }

    public void End()
    {
        Json.WriteEndObject();
        Json.Flush();
        output.Write("\n\n"u8);
    }

    public void WriteComment(ReadOnlySpan<byte> comment)
    {
        output.Write(": "u8);
        output.Write(comment);
        output.Write("\n\n"u8);
    }

    public void Dispose() => Json.Dispose();
}
