using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Responses;

/// <summary>Writes the events of one streamed response.</summary>
/// <remarks>
/// The grammar that clients rely on: created, in_progress; for each item added, then its parts with deltas and done, then
/// done; then completed, incomplete or failed with the response whole. Each event has the next sequence number.
/// </remarks>
/// <param name="keep">Runs when the response is whole and its last event is not yet written: a client may go on from it at once.</param>
internal sealed class ResponseEventWriter(
    IBufferWriter<byte> output, ResponseObject response, ResponsesRequest request, TimeProvider time, Action keep) : IGenerationStream, IPartEvents
{
    private readonly Utf8JsonWriter _json = new(output, ApiResponses.WriterOptions);
    private readonly EventPadding? _padding =
        request.Stream is { IncludeObfuscation: true } ? new EventPadding(request.Generate.Sampling.Seed) : null;
    private PartSequence? _parts;
    private int _sequence;

    private PartSequence Parts => _parts ??= new PartSequence(this);

    public void WriteKeepalive()
    {
        Begin(promptTokens: 0);
        output.Write(": keepalive\n\n"u8);
    }

    public void Begin(uint promptTokens)
    {
        if (_sequence == 0)
        {
            WriteResponse("response.created");
            WriteResponse("response.in_progress");
        }
    }

    public bool TryWriteDelta(TokenDelta delta) => Parts.TryAdd(delta);

    public void WriteChoiceEnd(ChoiceEnd end) => Parts.End(end);

    public void WriteEnd(GenerationEnd end)
    {
        response.Complete(Parts, end, time.GetUtcNow().ToUnixTimeSeconds());
        keep();
        WriteResponse(response.Status == "incomplete" ? "response.incomplete" : "response.completed");
    }

    /// <summary>Some clients look at the response, some raise the event that is called error: they get both.</summary>
    public void WriteError(ApiError error)
    {
        Begin(promptTokens: 0);
        response.Fail(error);
        keep();
        WriteResponse("response.failed");
        BeginEvent("error");
        _json.WriteString("code"u8, error.Code);
        _json.WriteString("message"u8, error.Message);
        _json.WriteString("param"u8, error.Param);
        EndEvent();
    }

    public void Dispose() => _json.Dispose();

    void IPartEvents.Begin(GeneratedPart part)
    {
        BeginItemEvent("response.output_item.added", part);
        _json.WritePropertyName("item"u8);
        response.WriteItem(_json, part, "in_progress");
        EndEvent();
        if (part.Kind == PartKind.Text)
        {
            BeginPartEvent("response.content_part.added", part);
            WritePart(part, "");
            EndEvent();
        }
        else if (part.Kind == PartKind.Reasoning)
        {
            BeginPartEvent(request.SummarizesReasoning ? "response.reasoning_summary_part.added" : "response.content_part.added", part);
            WritePart(part, "");
            EndEvent();
        }
    }

    void IPartEvents.Append(GeneratedPart part, string text, IReadOnlyList<TokenChance> chances)
    {
        BeginPartEvent(Name(part, "delta"), part);
        _json.WriteString("delta"u8, text);
        if (part.Kind == PartKind.Text)
        {
            LogprobParts.WriteResponse(_json, chances);
        }

        _padding?.Write(_json, text.Length);
        EndEvent();
    }

    void IPartEvents.End(GeneratedPart part)
    {
        string text = part.Text.ToString();
        BeginPartEvent(Name(part, "done"), part);
        if (part.Kind == PartKind.ToolCall)
        {
            _json.WriteString("arguments"u8, text);
            _json.WriteString("name"u8, part.Name);
            EndEvent();
        }
        else
        {
            _json.WriteString("text"u8, text);
            if (part.Kind == PartKind.Text)
            {
                LogprobParts.WriteResponse(_json, part.Chances);
            }

            EndEvent();
            BeginPartEvent(
                part.Kind == PartKind.Reasoning && request.SummarizesReasoning ? "response.reasoning_summary_part.done" : "response.content_part.done",
                part);
            WritePart(part, text);
            EndEvent();
        }

        BeginItemEvent("response.output_item.done", part);
        _json.WritePropertyName("item"u8);
        response.WriteItem(_json, part, part.IsWhole ? "completed" : "incomplete");
        EndEvent();
    }

    private string Name(GeneratedPart part, string step) => part.Kind switch
    {
        PartKind.ToolCall => $"response.function_call_arguments.{step}",
        PartKind.Reasoning when request.SummarizesReasoning => $"response.reasoning_summary_text.{step}",
        PartKind.Reasoning => $"response.reasoning_text.{step}",
        _ => $"response.output_text.{step}",
    };

    private void WritePart(GeneratedPart part, string text)
    {
        _json.WritePropertyName("part"u8);
        if (part.Kind == PartKind.Text)
        {
            ResponseObject.WriteTextPart(_json, text, text.Length > 0 ? part.Chances : []);
        }
        else
        {
            ResponseObject.WriteTyped(_json, request.SummarizesReasoning ? "summary_text" : "reasoning_text", text);
        }
    }

    private void WriteResponse(string name)
    {
        BeginEvent(name);
        _json.WritePropertyName("response"u8);
        response.Write(_json);
        EndEvent();
    }

    private void BeginPartEvent(string name, GeneratedPart part)
    {
        BeginEvent(name);
        _json.WriteString("item_id"u8, response.ItemId(part));
        _json.WriteNumber("output_index"u8, part.Index);
        if (part.Kind != PartKind.ToolCall)
        {
            _json.WriteNumber(part.Kind == PartKind.Reasoning && request.SummarizesReasoning ? "summary_index"u8 : "content_index"u8, 0);
        }
    }

    private void BeginItemEvent(string name, GeneratedPart part)
    {
        BeginEvent(name);
        _json.WriteNumber("output_index"u8, part.Index);
    }

    private void BeginEvent(string name)
    {
        output.Write("event: "u8);
        Encoding.UTF8.GetBytes(name, output);
        output.Write("\ndata: "u8);
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteString("type"u8, name);
        _json.WriteNumber("sequence_number"u8, _sequence++);
    }

    private void EndEvent()
    {
        _json.WriteEndObject();
        _json.Flush();
        output.Write("\n\n"u8);
    }
}
