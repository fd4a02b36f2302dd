using System.Buffers;
using System.Collections.Generic;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Ollama;

/// <summary>Writes the lines of one streamed answer: an object each, the last one with <c>done</c> and what it took.</summary>
/// <remarks>The lines have no comments, so silence is broken by one without words, which every client takes for what it is.</remarks>
internal sealed class OllamaLineWriter(IBufferWriter<byte> output, OllamaAnswer answer) : IGenerationStream, IPartEvents
{
    private readonly Utf8JsonWriter _json = new(output, ApiResponses.WriterOptions);
    private PartSequence? _parts;

    public string ContentType => "application/x-ndjson";

    private PartSequence Parts => _parts ??= new PartSequence(this);

    public void WriteKeepalive() => WriteWords("", PartKind.Text);

    public bool TryWriteDelta(TokenDelta delta) => Parts.TryAdd(delta);

    public void WriteChoiceEnd(ChoiceEnd end) => Parts.End(end);

    public void WriteEnd(GenerationEnd end)
    {
        BeginLine();
        answer.WriteWords(_json, "", "", []);
        answer.WriteEnd(_json, Parts.Reason, end.Usage ?? new Usage());
        EndLine();
    }

    public void WriteError(ApiError error)
    {
        _json.Reset();
        OllamaErrors.Write(_json, error);
        _json.Flush();
        output.Write("\n"u8);
    }

    public void Dispose() => _json.Dispose();

    void IPartEvents.Begin(GeneratedPart part)
    {
    }

    void IPartEvents.Append(GeneratedPart part, string text, IReadOnlyList<TokenChance> chances)
    {
        if (part.Kind != PartKind.ToolCall)
        {
            WriteWords(text, part.Kind);
        }
    }

    /// <summary>A call is told once its arguments are whole: they are an object here, not a text.</summary>
    void IPartEvents.End(GeneratedPart part)
    {
        if (part.Kind == PartKind.ToolCall)
        {
            BeginLine();
            answer.WriteWords(_json, "", "", [part]);
            EndUnfinished();
        }
    }

    private void WriteWords(string text, PartKind kind)
    {
        BeginLine();
        answer.WriteWords(_json, kind == PartKind.Text ? text : "", kind == PartKind.Reasoning ? text : "", []);
        EndUnfinished();
    }

    private void BeginLine()
    {
        _json.Reset();
        _json.WriteStartObject();
        answer.WriteHeader(_json);
    }

    private void EndUnfinished()
    {
        _json.WriteBoolean("done"u8, false);
        EndLine();
    }

    private void EndLine()
    {
        _json.WriteEndObject();
        _json.Flush();
        output.Write("\n"u8);
    }
}
