using System.Buffers;
using System.Collections.Generic;
using System.Text;
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
    private readonly Utf8JsonWriter _json = new(output, ApiResponses.WriterOptions);
    private PartSequence? _parts;
    private bool _begun;

    private PartSequence Parts => _parts ??= new PartSequence(this);

    public void WriteKeepalive()
    {
        Begin(promptTokens: 0);
        BeginEvent("ping");
        EndEvent();
    }

    /// <summary>How long the prompt is can be unknown here: the end tells it again.</summary>
    public void Begin(uint promptTokens)
    {
        if (_begun)
        {
            return;
        }

        _begun = true;
        BeginEvent("message_start");
        _json.WritePropertyName("message"u8);
        MessageWords.BeginMessage(_json, id, model);
        _json.WriteStartArray("content"u8);
        _json.WriteEndArray();
        _json.WriteNull("stop_reason"u8);
        _json.WriteNull("stop_sequence"u8);
        MessageWords.WriteUsage(_json, new Usage { PromptTokens = promptTokens });
        _json.WriteEndObject();
        EndEvent();
    }

    public bool TryWriteDelta(TokenDelta delta) => Parts.TryAdd(delta);

    public void WriteChoiceEnd(ChoiceEnd end) => Parts.End(end);

    public void WriteEnd(GenerationEnd end)
    {
        BeginEvent("message_delta");
        _json.WriteStartObject("delta"u8);
        _json.WriteString("stop_reason"u8, MessageWords.StopReason(Parts.Reason));
        _json.WriteNull("stop_sequence"u8);
        _json.WriteEndObject();
        MessageWords.WriteUsage(_json, end.Usage ?? new Usage());
        EndEvent();
        BeginEvent("message_stop");
        EndEvent();
    }

    public void WriteError(ApiError error)
    {
        output.Write("event: error\ndata: "u8);
        _json.Reset();
        AnthropicErrors.Write(_json, (error, requestId));
        _json.Flush();
        output.Write("\n\n"u8);
    }

    public void Dispose() => _json.Dispose();

    void IPartEvents.Begin(GeneratedPart part)
    {
        BeginBlockEvent("content_block_start", part);
        _json.WritePropertyName("content_block"u8);
        MessageWords.WriteBlock(_json, part, isWhole: false);
        EndEvent();
    }

    void IPartEvents.Append(GeneratedPart part, string text, IReadOnlyList<TokenChance> chances)
    {
        BeginBlockEvent("content_block_delta", part);
        _json.WriteStartObject("delta"u8);
        switch (part.Kind)
        {
            case PartKind.Reasoning:
                _json.WriteString("type"u8, "thinking_delta"u8);
                _json.WriteString("thinking"u8, text);
                break;
            case PartKind.ToolCall:
                _json.WriteString("type"u8, "input_json_delta"u8);
                _json.WriteString("partial_json"u8, text);
                break;
            default:
                _json.WriteString("type"u8, "text_delta"u8);
                _json.WriteString("text"u8, text);
                break;
        }

        _json.WriteEndObject();
        EndEvent();
    }

    void IPartEvents.End(GeneratedPart part)
    {
        BeginBlockEvent("content_block_stop", part);
        EndEvent();
    }

    private void BeginBlockEvent(string name, GeneratedPart part)
    {
        BeginEvent(name);
        _json.WriteNumber("index"u8, part.Index);
    }

    private void BeginEvent(string name)
    {
        output.Write("event: "u8);
        Encoding.UTF8.GetBytes(name, output);
        output.Write("\ndata: "u8);
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteString("type"u8, name);
    }

    private void EndEvent()
    {
        _json.WriteEndObject();
        _json.Flush();
        output.Write("\n\n"u8);
    }
}
