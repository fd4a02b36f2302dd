using System;
using System.Buffers;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Protocol.Schema;
using Google.Protobuf.Collections;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Writes the events of one streamed completion; after its first event it allocates nothing.</summary>
/// <remarks>
/// The grammar that clients rely on: for each choice a chunk with the role, chunks with deltas, a chunk with the finish
/// reason; then, if asked for, one chunk without choices that counts tokens; then <c>[DONE]</c>.
/// </remarks>
internal sealed class ChatChunkWriter : IGenerationStream
{
    private static readonly JsonEncodedText Kind = JsonEncodedText.Encode("chat.completion.chunk");

    private static readonly RepeatedField<TokenChance> NoChances = [];

    private readonly IBufferWriter<byte> _output;
    private readonly CompletionHeader _header;
    private readonly bool _usageOnEach;
    private readonly EventPadding? _padding;
    private readonly Utf8JsonWriter _json;
    private readonly bool[] _roleWritten;
    private readonly bool _logprobs;

    public ChatChunkWriter(IBufferWriter<byte> output, CompletionHeader header, GenerateRequest request, StreamOptions options)
    {
        _output = output;
        _header = header;
        _usageOnEach = options.IncludeUsage;
        _padding = options.IncludeObfuscation ? new EventPadding(request.Sampling.Seed) : null;
        _roleWritten = new bool[request.Choices];
        _logprobs = request.Logprobs;
        _json = new Utf8JsonWriter(output, ApiResponses.WriterOptions);
    }

    public void WriteKeepalive() => _output.Write(": keepalive\n\n"u8);

    public bool TryWriteDelta(TokenDelta delta)
    {
        WriteRoleOnce(delta.Choice, hasContent: delta.ToolCalls.Count == 0);
        if (delta.Content.Length == 0 && delta.Reasoning.Length == 0 && delta.ToolCalls.Count == 0)
        {
            return true;
        }

        BeginChoice(delta.Choice);
        if (delta.Reasoning.Length > 0)
        {
            _json.WriteString("reasoning_content"u8, delta.Reasoning);
        }

        if (delta.Content.Length > 0)
        {
            _json.WriteString("content"u8, delta.Content);
        }

        if (delta.ToolCalls.Count > 0)
        {
            WriteToolCalls(delta);
        }

        EndChoice(finishReason: [], textLength: delta.Content.Length + delta.Reasoning.Length, delta.Chances);
        return true;
    }

    public void WriteChoiceEnd(ChoiceEnd end)
    {
        WriteRoleOnce(end.Choice, hasContent: true);
        BeginChoice(end.Choice);
        EndChoice(CompletionParts.Name(end.Reason), textLength: 0, chances: null);
    }

    /// <summary>Writes the event that counts tokens, if the client asked for it, and the end of the stream.</summary>
    public void WriteEnd(GenerationEnd end)
    {
        if (_usageOnEach)
        {
            BeginEvent();
            _json.WriteStartArray("choices"u8);
            _json.WriteEndArray();
            CompletionParts.WriteUsage(_json, end.Usage ?? new Usage());
            _padding?.Write(_json, textLength: 0);
            EndEvent();
        }

        _output.Write("data: [DONE]\n\n"u8);
    }

    /// <summary>Writes what went wrong after the stream had begun: clients raise it as an API error.</summary>
    public void WriteError(ApiError error)
    {
        _output.Write("data: "u8);
        _json.Reset();
        ApiResponses.WriteError(_json, error);
        _json.Flush();
        _output.Write("\n\n"u8);
    }

    public void Dispose() => _json.Dispose();

    private void WriteRoleOnce(uint choice, bool hasContent)
    {
        if (_roleWritten[choice])
        {
            return;
        }

        _roleWritten[choice] = true;
        BeginChoice(choice);
        _json.WriteString("role"u8, "assistant"u8);
        if (hasContent)
        {
            _json.WriteString("content"u8, ""u8);
        }
        else
        {
            _json.WriteNull("content"u8);
        }

        _json.WriteNull("refusal"u8);
        EndChoice(finishReason: [], textLength: 0, NoChances);
    }

    private void WriteToolCalls(TokenDelta delta)
    {
        _json.WriteStartArray("tool_calls"u8);
        foreach (ToolCallDelta call in delta.ToolCalls)
        {
            _json.WriteStartObject();
            _json.WriteNumber("index"u8, call.Index);
            if (call.Id.Length > 0)
            {
                // Clients concatenate what they get, so id, type and name stand on the first delta of a call only.
                _json.WriteString("id"u8, call.Id);
                _json.WriteString("type"u8, "function"u8);
            }

            _json.WriteStartObject("function"u8);
            if (call.Name.Length > 0)
            {
                _json.WriteString("name"u8, call.Name);
            }

            _json.WriteString("arguments"u8, call.Arguments);
            _json.WriteEndObject();
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private void BeginChoice(uint choice)
    {
        BeginEvent();
        _json.WriteStartArray("choices"u8);
        _json.WriteStartObject();
        _json.WriteNumber("index"u8, choice);
        _json.WriteStartObject("delta"u8);
    }

    /// <param name="chances">Null where a chunk tells of no tokens at all.</param>
    private void EndChoice(ReadOnlySpan<byte> finishReason, int textLength, RepeatedField<TokenChance>? chances)
    {
        _json.WriteEndObject();
        if (_logprobs && chances is not null)
        {
            LogprobParts.WriteChat(_json, chances);
        }
        else
        {
            _json.WriteNull("logprobs"u8);
        }

        if (finishReason.IsEmpty)
        {
            _json.WriteNull("finish_reason"u8);
        }
        else
        {
            _json.WriteString("finish_reason"u8, finishReason);
        }

        _json.WriteEndObject();
        _json.WriteEndArray();
        if (_usageOnEach)
        {
            _json.WriteNull("usage"u8);
        }

        _padding?.Write(_json, textLength);
        EndEvent();
    }

    private void BeginEvent()
    {
        _output.Write("data: "u8);
        _json.Reset();
        _json.WriteStartObject();
        _header.Write(_json, Kind);
        _header.WriteService(_json);
    }

    private void EndEvent()
    {
        _json.WriteEndObject();
        _json.Flush();
        _output.Write("\n\n"u8);
    }
}
