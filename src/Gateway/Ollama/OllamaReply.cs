using System.Linq;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Ollama;

/// <summary>Collects an answer that isn't streamed, and writes it whole.</summary>
internal sealed class OllamaReply(OllamaAnswer answer) : IGenerationReply
{
    private readonly PartSequence _parts = new();

    public bool TryAdd(NodeResponse response) => _parts.TryAdd(response);

    public void Write(Utf8JsonWriter json, GenerationEnd end)
    {
        json.WriteStartObject();
        answer.WriteHeader(json);
        answer.WriteWords(json, Words(PartKind.Text), Words(PartKind.Reasoning), [.. _parts.Parts.Where(static part => part.Kind == PartKind.ToolCall)]);
        answer.WriteEnd(json, _parts.Reason, end.Usage ?? new Usage());
        json.WriteEndObject();
    }

    private string Words(PartKind kind) => string.Concat(_parts.Parts.Where(part => part.Kind == kind).Select(static part => part.Text.ToString()));
}
