using System;
using System.Buffers;
using System.Collections.Generic;
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
    private readonly NamedEvents _events = new(output);
    private readonly EventPadding? _padding =
        request.Stream is { IncludeObfuscation: true } ? new EventPadding(request.Generate.Sampling.Seed) : null;
    private PartSequence? _parts;
    private int _sequence;

    private Utf8JsonWriter Json => _events.Json;

    private PartSequence Parts => _parts ??= new PartSequence(this);

    public void WriteKeepalive()
    {
        Begin(promptTokens: 0);
        _events.WriteComment("keepalive"u8);
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
        Json.WriteString("code"u8, error.Code);
        Json.WriteString("message"u8, error.Message);
        Json.WriteString("param"u8, error.Param);
        _events.End();
    }

    public void Dispose() => _events.Dispose();

    void IPartEvents.Begin(GeneratedPart part)
    {
        BeginItemEvent("response.output_item.added", part);
        Json.WritePropertyName("item"u8);
        response.WriteItem(Json, part, "in_progress");
        _events.End();
        if (part.Kind == PartKind.Text)
        {
            BeginPartEvent("response.content_part.added", part);
            WritePart(part, "");
            _events.End();
        }
        else if (part.Kind == PartKind.Reasoning)
        {
            BeginPartEvent(request.SummarizesReasoning ? "response.reasoning_summary_part.added" : "response.content_part.added", part);
            WritePart(part, "");
            _events.End();
        }
    }

    void IPartEvents.Append(GeneratedPart part, string text, IReadOnlyList<TokenChance> chances)
    {
        BeginPartEvent(Name(part, "delta"), part);
        Json.WriteString("delta"u8, text);
        if (part.Kind == PartKind.Text)
        {
            LogprobParts.WriteResponse(Json, chances);
        }

        _padding?.Write(Json, text.Length);
        _events.End();
    }

    void IPartEvents.End(GeneratedPart part)
    {
        string text = part.Text.ToString();
        BeginPartEvent(Name(part, "done"), part);
        if (part.Kind == PartKind.ToolCall)
        {
            Json.WriteString("arguments"u8, text);
            Json.WriteString("name"u8, part.Name);
            _events.End();
        }
        else
        {
            Json.WriteString("text"u8, text);
            if (part.Kind == PartKind.Text)
            {
                LogprobParts.WriteResponse(Json, part.Chances);
            }

            _events.End();
            BeginPartEvent(
                part.Kind == PartKind.Reasoning && request.SummarizesReasoning ? "response.reasoning_summary_part.done" : "response.content_part.done",
                part);
            WritePart(part, text);
            _events.End();
        }

        BeginItemEvent("response.output_item.done", part);
        Json.WritePropertyName("item"u8);
        response.WriteItem(Json, part, part.IsWhole ? "completed" : "incomplete");
        _events.End();
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
        Json.WritePropertyName("part"u8);
        if (part.Kind == PartKind.Text)
        {
            ResponseObject.WriteTextPart(Json, text, text.Length > 0 ? part.Chances : []);
        }
        else
        {
            ResponseObject.WriteTyped(Json, request.SummarizesReasoning ? "summary_text" : "reasoning_text", text);
        }
    }

    private void WriteResponse(string name)
    {
        BeginEvent(name);
        Json.WritePropertyName("response"u8);
        response.Write(Json);
        _events.End();
    }

    private void BeginPartEvent(string name, GeneratedPart part)
    {
        BeginEvent(name);
        Json.WriteString("item_id"u8, response.ItemId(part));
        Json.WriteNumber("output_index"u8, part.Index);
        if (part.Kind != PartKind.ToolCall)
        {
            Json.WriteNumber(part.Kind == PartKind.Reasoning && request.SummarizesReasoning ? "summary_index"u8 : "content_index"u8, 0);
        }
    }

    private void BeginItemEvent(string name, GeneratedPart part)
    {
        BeginEvent(name);
        Json.WriteNumber("output_index"u8, part.Index);
    }

    private void BeginEvent(string name)
    {
        _events.Begin(name);
        Json.WriteNumber("sequence_number"u8, _sequence++);
    }
}
