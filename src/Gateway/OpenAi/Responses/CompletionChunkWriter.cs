using System;
using System.Buffers;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Writes the events of streamed completions.</summary>
internal sealed class CompletionChunkWriter : IGenerationStream
{
    private readonly IBufferWriter<byte> _output;
    private readonly CompletionHeader _header;
    private readonly bool _usageOnEach;
    private readonly bool _logprobs;
    private readonly int[] _chars;
    private readonly Utf8JsonWriter _json;

    public CompletionChunkWriter(
        IBufferWriter<byte> output, CompletionHeader header, int choices, bool logprobs, StreamOptions options)
    {
        _output = output;
        _header = header;
        _usageOnEach = options.IncludeUsage;
        _logprobs = logprobs;
        _chars = new int[choices];
        _json = new Utf8JsonWriter(output, ApiResponses.WriterOptions);
    }

    public void WriteKeepalive() => _output.Write(": keepalive\n\n"u8);

    public bool TryWriteDelta(TokenDelta delta)
    {
        if (delta.Content.Length == 0)
        {
            return true;
        }

        BeginChoice(delta.Content, delta.Choice);
        if (_logprobs)
        {
            CompletionLogprobs.Write(_json, delta.Chances, _chars[delta.Choice]);
        }
        else
        {
            _json.WriteNull("logprobs"u8);
        }

        _chars[delta.Choice] += delta.Content.Length;
        EndChoice(finishReason: []);
        return true;
    }

    public void WriteChoiceEnd(ChoiceEnd end)
    {
        BeginChoice("", end.Choice);
        _json.WriteNull("logprobs"u8);
        EndChoice(CompletionParts.Name(end.Reason));
    }

    public void WriteEnd(GenerationEnd end)
    {
        if (_usageOnEach)
        {
            BeginEvent();
            _json.WriteStartArray("choices"u8);
            _json.WriteEndArray();
            CompletionParts.WriteUsage(_json, end.Usage ?? new Usage());
            EndEvent();
        }

        _output.Write("data: [DONE]\n\n"u8);
    }

    public void WriteError(ApiError error)
    {
        _output.Write("data: "u8);
        _json.Reset();
        ApiResponses.WriteError(_json, error);
        _json.Flush();
        _output.Write("\n\n"u8);
    }

    public void Dispose() => _json.Dispose();

    private void BeginChoice(string text, uint choice)
    {
        BeginEvent();
        _json.WriteStartArray("choices"u8);
        _json.WriteStartObject();
        _json.WriteString("text"u8, text);
        _json.WriteNumber("index"u8, choice);
    }

    private void EndChoice(ReadOnlySpan<byte> finishReason)
    {
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

        EndEvent();
    }

    private void BeginEvent()
    {
        _output.Write("data: "u8);
        _json.Reset();
        _json.WriteStartObject();
        _header.Write(_json, CompletionReply.Kind);
        _header.WriteFingerprint(_json);
    }

    private void EndEvent()
    {
        _json.WriteEndObject();
        _json.Flush();
        _output.Write("\n\n"u8);
    }
}
