using System.Buffers;
using System.Collections.Generic;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Anthropic;

/// <summary>Writes the events of one streamed message.</summary>
/// <remarks>
/// The grammar that clients rely on: message_start; for each block its start, deltas and stop, one block after the other;
/// message_delta with the reason and the count; message_stop. A ping may stand anywhere behind the first.
/// </remarks>
internal sealed class MessageEventWriter(IBufferWriter<byte> output, string id, string model, string requestId) : IGenerationStream, IPartEvents
{
    private readonly NamedEvents _events = new(output);
    private PartSequence? _parts;
    private bool _begun;

    private Utf8JsonWriter Json => _events.Json;

    private PartSequence Parts => _parts ??= new PartSequence(this);

    public void WriteKeepalive()
    {
        Begin(promptTokens: 0);
        _events.Begin("ping");
        _events.End();
    }

    /// <summary>How long the prompt is can be unknown here: the end tells it again.</summary>
    public void Begin(uint promptTokens)
    {
        if (_begun)
        {
            return;
        }

        _begun = true;
        _events.Begin("message_start");
        Json.WritePropertyName("message"u8);
        MessageWords.BeginMessage(Json, id, model);
        Json.WriteStartArray("content"u8);
        Json.WriteEndArray();
        Json.WriteNull("stop_reason"u8);
        Json.WriteNull("stop_sequence"u8);
        MessageWords.WriteUsage(Json, new Usage { PromptTokens = promptTokens });
        Json.WriteEndObject();
        _events.End();
    }

    public bool TryWriteDelta(TokenDelta delta) => Parts.TryAdd(delta);

    public void WriteChoiceEnd(ChoiceEnd end) => Parts.End(end);

    public void WriteEnd(GenerationEnd end)
    {
        _events.Begin("message_delta");
        Json.WriteStartObject("delta"u8);
        Json.WriteString("stop_reason"u8, MessageWords.StopReason(Parts.Reason));
        Json.WriteNull("stop_sequence"u8);
        Json.WriteEndObject();
        MessageWords.WriteUsage(Json, end.Usage ?? new Usage());
        _events.End();
        _events.Begin("message_stop");
        _events.End();
    }

    public void WriteError(ApiError error)
    {
        _events.Begin("error");
        AnthropicErrors.WriteFields(Json, error, requestId);
        _events.End();
    }

    public void Dispose() => _events.Dispose();

    void IPartEvents.Begin(GeneratedPart part)
    {
        BeginBlockEvent("content_block_start", part);
        Json.WritePropertyName("content_block"u8);
        MessageWords.WriteBlock(Json, part, isWhole: false);
        _events.End();
    }

    void IPartEvents.Append(GeneratedPart part, string text, IReadOnlyList<TokenChance> chances)
    {
        BeginBlockEvent("content_block_delta", part);
        Json.WriteStartObject("delta"u8);
        switch (part.Kind)
        {
            case PartKind.Reasoning:
                Json.WriteString("type"u8, "thinking_delta"u8);
                Json.WriteString("thinking"u8, text);
                break;
            case PartKind.ToolCall:
                Json.WriteString("type"u8, "input_json_delta"u8);
                Json.WriteString("partial_json"u8, text);
                break;
            default:
                Json.WriteString("type"u8, "text_delta"u8);
                Json.WriteString("text"u8, text);
                break;
        }

        Json.WriteEndObject();
        _events.End();
    }

    void IPartEvents.End(GeneratedPart part)
    {
        BeginBlockEvent("content_block_stop", part);
        _events.End();
    }

    private void BeginBlockEvent(string name, GeneratedPart part)
    {
        _events.Begin(name);
        Json.WriteNumber("index"u8, part.Index);
    }
}
