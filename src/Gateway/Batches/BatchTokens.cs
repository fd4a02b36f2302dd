using System.Text.Json;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Batches;

/// <summary>What lines of a batch took.</summary>
internal readonly record struct BatchTokens(long Input, long Cached, long Output, long Reasoning)
{
    public static BatchTokens Of(Usage? usage) => usage is null
        ? default
        : new BatchTokens(usage.PromptTokens, usage.CachedPromptTokens, usage.CompletionTokens, usage.ReasoningTokens);

    public static BatchTokens operator +(BatchTokens left, BatchTokens right) => new(
        left.Input + right.Input, left.Cached + right.Cached, left.Output + right.Output, left.Reasoning + right.Reasoning);

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, Input);
        json.WriteNumber("output_tokens"u8, Output);
        json.WriteNumber("total_tokens"u8, Input + Output);
        json.WriteStartObject("input_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, Cached);
        json.WriteEndObject();
        json.WriteStartObject("output_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, Reasoning);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static BatchTokens Read(JsonElement json) => new(
        json.GetProperty("input_tokens").GetInt64(),
        json.GetProperty("input_tokens_details").GetProperty("cached_tokens").GetInt64(),
        json.GetProperty("output_tokens").GetInt64(),
        json.GetProperty("output_tokens_details").GetProperty("reasoning_tokens").GetInt64());
}
