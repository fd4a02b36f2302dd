using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Responses;

/// <summary>A response as it grows, and its form on the wire.</summary>
/// <remarks>
/// <code>
/// queued      -> [a node answers] -> in_progress
/// in_progress -> [the end]        -> completed | incomplete    incomplete: there was no room for more
/// in_progress -> [a failure]      -> failed
/// queued, in_progress -> [cancel] -> cancelled
/// </code>
/// </remarks>
/// <param name="createdAt">Unix seconds.</param>
/// <param name="kept">Seals what the model thought: clients that keep no state here send it back.</param>
internal sealed class ResponseObject(ResponsesRequest request, string model, long createdAt, KeptResponses kept)
{
    /// <summary>Fields that repeat the request, with what stands there when it doesn't say.</summary>
    private static readonly Dictionary<string, string> Defaults = new()
    {
        ["instructions"] = "null",
        ["max_output_tokens"] = "null",
        ["max_tool_calls"] = "null",
        ["metadata"] = "{}",
        ["parallel_tool_calls"] = "true",
        ["previous_response_id"] = "null",
        ["prompt_cache_key"] = "null",
        ["prompt_cache_retention"] = "null",
        ["frequency_penalty"] = "0.0",
        ["presence_penalty"] = "0.0",
        ["reasoning"] = "{}",
        ["safety_identifier"] = "null",
        ["temperature"] = "1.0",
        ["text"] = "{}",
        ["tool_choice"] = "\"auto\"",
        ["tools"] = "[]",
        ["top_logprobs"] = "0",
        ["top_p"] = "1.0",
        ["truncation"] = "\"disabled\"",
        ["user"] = "null",
    };

    private readonly List<string> _itemIds = [];

    public string Id => request.Ids.Response;

    public IReadOnlyList<ResponseItem> Input => request.Items;

    public string Status { get; set; } = "in_progress";

    /// <summary>Unix seconds; set by <see cref="Complete"/>, as are <see cref="Usage"/> and <see cref="Output"/>.</summary>
    public long? CompletedAt { get; private set; }

    public Usage? Usage { get; private set; }

    public IReadOnlyList<GeneratedPart> Output { get; private set; } = [];

    /// <summary>Set by <see cref="Fail"/>.</summary>
    public ApiError? Error { get; private set; }

    public static bool Repeats(string field) => Defaults.ContainsKey(field);

    /// <summary>Ends the response as the generation ended.</summary>
    public void Complete(PartSequence parts, GenerationEnd end, long completedAt)
    {
        Output = parts.Parts;
        Usage = end.Usage ?? new Usage();
        CompletedAt = completedAt;
        Status = parts.Reason == FinishReason.Length ? "incomplete" : "completed";
    }

    public void Fail(ApiError error)
    {
        Status = "failed";
        Error = error;
    }

    public string ItemId(GeneratedPart part)
    {
        while (_itemIds.Count <= part.Index)
        {
            _itemIds.Add(request.Ids.NextItem(part.Kind switch
            {
                PartKind.Reasoning => "rs_",
                PartKind.ToolCall => "fc_",
                _ => "msg_",
            }));
        }

        return _itemIds[part.Index];
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, Id);
        json.WriteString("object"u8, "response"u8);
        json.WriteNumber("created_at"u8, createdAt);
        json.WriteString("status"u8, Status);
        json.WriteBoolean("background"u8, request.IsBackground);
        json.WriteStartObject("billing"u8);
        json.WriteString("payer"u8, "developer"u8);
        json.WriteEndObject();
        WriteNumberOrNull(json, "completed_at", Status == "completed" ? CompletedAt : null);
        WriteError(json);
        Repeat(json, "frequency_penalty");
        WriteIncompleteDetails(json);
        Repeat(json, "instructions");
        Repeat(json, "max_output_tokens");
        Repeat(json, "max_tool_calls");
        json.WriteString("model"u8, model);
        json.WriteNull("moderation"u8);
        json.WriteStartArray("output"u8);
        foreach (GeneratedPart part in Output)
        {
            WriteItem(json, part, part.IsWhole ? "completed" : "incomplete");
        }

        json.WriteEndArray();
        Repeat(json, "parallel_tool_calls");
        Repeat(json, "presence_penalty");
        Repeat(json, "previous_response_id");
        Repeat(json, "prompt_cache_key");
        Repeat(json, "prompt_cache_retention");
        WriteReasoning(json);
        Repeat(json, "safety_identifier");
        json.WriteString("service_tier"u8, "default"u8);
        json.WriteBoolean("store"u8, request.IsStored);
        Repeat(json, "temperature");
        WriteText(json);
        Repeat(json, "tool_choice");
        json.WritePropertyName("tool_usage"u8);
        json.WriteRawValue(ResponseUsage.NoToolUsage, skipInputValidation: true);
        Repeat(json, "tools");
        Repeat(json, "top_logprobs");
        Repeat(json, "top_p");
        Repeat(json, "truncation");
        ResponseUsage.Write(json, Usage);
        Repeat(json, "user");
        Repeat(json, "metadata");
        json.WriteEndObject();
    }

    /// <param name="status">An item that is still open is written as it was when it began.</param>
    public void WriteItem(Utf8JsonWriter json, GeneratedPart part, string status)
    {
        bool isOpen = status == "in_progress";
        json.WriteStartObject();
        json.WriteString("id"u8, ItemId(part));
        switch (part.Kind)
        {
            case PartKind.Reasoning:
                json.WriteString("type"u8, "reasoning"u8);
                WriteReasoningItem(json, isOpen ? "" : part.Text.ToString());
                break;
            case PartKind.ToolCall:
                json.WriteString("type"u8, "function_call"u8);
                json.WriteString("status"u8, status);
                json.WriteString("arguments"u8, isOpen ? "" : part.Text.ToString());
                json.WriteString("call_id"u8, part.CallId);
                json.WriteString("name"u8, part.Name);
                break;
            default:
                json.WriteString("type"u8, "message"u8);
                json.WriteString("status"u8, status);
                json.WriteStartArray("content"u8);
                if (!isOpen)
                {
                    WriteTextPart(json, part.Text.ToString(), part.Chances);
                }

                json.WriteEndArray();
                json.WriteString("phase"u8, "final_answer"u8);
                json.WriteString("role"u8, "assistant"u8);
                break;
        }

        json.WriteEndObject();
    }

    public static void WriteTextPart(Utf8JsonWriter json, string text, IReadOnlyList<TokenChance> chances)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "output_text"u8);
        json.WriteStartArray("annotations"u8);
        json.WriteEndArray();
        LogprobParts.WriteResponse(json, chances);
        json.WriteString("text"u8, text);
        json.WriteEndObject();
    }

    private void WriteReasoningItem(Utf8JsonWriter json, string text)
    {
        json.WriteStartArray("summary"u8);
        if (request.SummarizesReasoning && text.Length > 0)
        {
            WriteTyped(json, "summary_text", text);
        }

        json.WriteEndArray();
        json.WriteStartArray("content"u8);
        if (!request.SummarizesReasoning && text.Length > 0)
        {
            WriteTyped(json, "reasoning_text", text);
        }

        json.WriteEndArray();
        json.WriteBase64String("encrypted_content"u8, kept.Seal("reasoning", Encoding.UTF8.GetBytes(text)));
    }

    public static void WriteTyped(Utf8JsonWriter json, string type, string text)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        json.WriteString("text"u8, text);
        json.WriteEndObject();
    }

    private void WriteError(Utf8JsonWriter json)
    {
        if (Error is null)
        {
            json.WriteNull("error"u8);
            return;
        }

        json.WriteStartObject("error"u8);
        json.WriteString("code"u8, Error.Status >= 500 ? "server_error" : Error.Code ?? "invalid_prompt");
        json.WriteString("message"u8, Error.Message);
        json.WriteEndObject();
    }

    private void WriteIncompleteDetails(Utf8JsonWriter json)
    {
        if (Status != "incomplete")
        {
            json.WriteNull("incomplete_details"u8);
            return;
        }

        json.WriteStartObject("incomplete_details"u8);
        json.WriteString("reason"u8, "max_output_tokens"u8);
        json.WriteEndObject();
    }

    private void WriteReasoning(Utf8JsonWriter json)
    {
        using JsonDocument document = JsonDocument.Parse(request.Echoes.GetValueOrDefault("reasoning", "{}"));
        WriteMerged(json, "reasoning", document.RootElement, [("context", "null"), ("effort", "null"), ("mode", "\"standard\""), ("summary", "null")]);
    }

    private void WriteText(Utf8JsonWriter json)
    {
        using JsonDocument document = JsonDocument.Parse(request.Echoes.GetValueOrDefault("text", "{}"));
        json.WriteStartObject("text"u8);
        if (!ToolParser.IsPresent(document.RootElement, "format", out JsonElement format))
        {
            json.WriteStartObject("format"u8);
            json.WriteString("type"u8, "text"u8);
            json.WriteEndObject();
        }
        else if (format.TryGetProperty("schema", out _))
        {
            // An answer obeys its schema, whether or not the request insists.
            WriteMerged(json, "format", format, [("type", "null"), ("description", "null"), ("name", "null"), ("schema", "null"), ("strict", "true")]);
        }
        else
        {
            json.WritePropertyName("format"u8);
            format.WriteTo(json);
        }

        json.WriteString("verbosity"u8, "medium"u8);
        json.WriteEndObject();
    }

    /// <summary>What the request says, with the defaults of the keys that it leaves out.</summary>
    private static void WriteMerged(Utf8JsonWriter json, string name, JsonElement said, (string Key, string Default)[] keys)
    {
        json.WriteStartObject(name);
        foreach ((string key, string otherwise) in keys)
        {
            json.WritePropertyName(key);
            json.WriteRawValue(said.TryGetProperty(key, out JsonElement value) ? value.GetRawText() : otherwise, skipInputValidation: true);
        }

        json.WriteEndObject();
    }

    private void Repeat(Utf8JsonWriter json, string field)
    {
        json.WritePropertyName(field);
        json.WriteRawValue(request.Echoes.GetValueOrDefault(field, Defaults[field]), skipInputValidation: true);
    }

    private static void WriteNumberOrNull(Utf8JsonWriter json, string key, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(key, number);
        }
        else
        {
            json.WriteNull(key);
        }
    }
}
