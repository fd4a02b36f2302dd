using System.Buffers;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Audio;

/// <summary>Writes the events of a streamed transcript: a delta for each segment, then the whole text.</summary>
internal sealed class TranscriptStream(IBufferWriter<byte> output) : IGenerationStream
{
    private readonly Transcript _transcript = new();
    private readonly Utf8JsonWriter _json = new(output, ApiResponses.WriterOptions);

    public void WriteKeepalive() => output.Write(": keepalive\n\n"u8);

    /// <summary>Speech models tell segments.</summary>
    public bool TryWriteDelta(TokenDelta delta) => false;

    public void WriteChoiceEnd(ChoiceEnd end)
    {
        // The end of the stream follows at once.
    }

    public void WriteResult(NodeResponse response)
    {
        bool isFirst = _transcript.Segments.Count == 0;
        if (_transcript.TryAdd(response) && response.TranscriptSegment is { } segment)
        {
            BeginEvent("transcript.text.delta");
            _json.WriteString("delta"u8, isFirst ? segment.Text.TrimStart() : segment.Text);
            EndEvent();
        }
    }

    public void WriteEnd(GenerationEnd end)
    {
        BeginEvent("transcript.text.done");
        _json.WriteString("text"u8, _transcript.Text);
        TranscriptReply.WriteUsage(_json, _transcript.Seconds);
        EndEvent();
        output.Write("data: [DONE]\n\n"u8);
    }

    public void WriteError(ApiError error)
    {
        output.Write("data: "u8);
        _json.Reset();
        ApiResponses.WriteError(_json, error);
        _json.Flush();
        output.Write("\n\n"u8);
    }

    public void Dispose() => _json.Dispose();

    private void BeginEvent(string type)
    {
        output.Write("data: "u8);
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteString("type"u8, type);
    }

    private void EndEvent()
    {
        _json.WriteEndObject();
        _json.Flush();
        output.Write("\n\n"u8);
    }
}
