using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Ollama;

/// <summary>What the lines of a stream and whole answers write alike.</summary>
/// <param name="isChat">The words stand in a <c>message</c>, not in a <c>response</c>.</param>
/// <param name="elapsed">The time since the request came.</param>
internal sealed class OllamaAnswer(string model, bool isChat, TimeProvider time, Func<TimeSpan> elapsed)
{
    private const long NanosecondsPerMicrosecond = 1000;

    public void WriteHeader(Utf8JsonWriter json)
    {
        json.WriteString("model"u8, model);
        json.WriteString("created_at"u8, Timestamp(time.GetUtcNow()));
    }

    public void WriteWords(Utf8JsonWriter json, string text, string thinking, IReadOnlyList<GeneratedPart> calls)
    {
        if (isChat)
        {
            json.WriteStartObject("message"u8);
            json.WriteString("role"u8, "assistant"u8);
            json.WriteString("content"u8, text);
        }
        else
        {
            json.WriteString("response"u8, text);
        }

        if (thinking.Length > 0)
        {
            json.WriteString("thinking"u8, thinking);
        }

        if (calls.Count > 0)
        {
            WriteCalls(json, calls);
        }

        if (isChat)
        {
            json.WriteEndObject();
        }
    }

    public void WriteEnd(Utf8JsonWriter json, FinishReason reason, Usage usage)
    {
        json.WriteBoolean("done"u8, true);
        json.WriteString("done_reason"u8, reason == FinishReason.Length ? "length"u8 : "stop"u8);
        json.WriteNumber("total_duration"u8, (long)(elapsed().TotalNanoseconds));
        json.WriteNumber("load_duration"u8, 0);
        json.WriteNumber("prompt_eval_count"u8, usage.PromptTokens);
        json.WriteNumber("prompt_eval_duration"u8, (long)usage.PrefillUs * NanosecondsPerMicrosecond);
        json.WriteNumber("eval_count"u8, usage.CompletionTokens);
        json.WriteNumber("eval_duration"u8, (long)usage.DecodeUs * NanosecondsPerMicrosecond);
    }

    public static string Timestamp(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private static void WriteCalls(Utf8JsonWriter json, IReadOnlyList<GeneratedPart> calls)
    {
        json.WriteStartArray("tool_calls"u8);
        foreach (GeneratedPart call in calls)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, call.CallId);
            json.WriteStartObject("function"u8);
            json.WriteString("name"u8, call.Name);
            json.WritePropertyName("arguments"u8);
            json.WriteRawValue(call.ArgumentsOrNull() ?? "{}", skipInputValidation: true);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
