using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Anthropic;

/// <summary>Collects a message that isn't streamed, and writes it whole.</summary>
internal sealed class MessageReply(string id, string model) : IGenerationReply
{
    private readonly PartSequence _parts = new();

    public bool TryAdd(NodeResponse response) => _parts.TryAdd(response);

    public void Write(Utf8JsonWriter json, GenerationEnd end)
    {
        MessageWords.BeginMessage(json, id, model);
        json.WriteStartArray("content"u8);
        foreach (GeneratedPart part in _parts.Parts)
        {
            MessageWords.WriteBlock(json, part, isWhole: true);
        }

        json.WriteEndArray();
        json.WriteString("stop_reason"u8, MessageWords.StopReason(_parts.Reason));
        json.WriteNull("stop_sequence"u8);
        MessageWords.WriteUsage(json, end.Usage ?? new Usage());
        json.WriteEndObject();
    }
}
