using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Collects the deltas of a completion that does not stream, and writes it whole.</summary>
internal sealed class ChatReply : IGenerationReply
{
    private static readonly JsonEncodedText Kind = JsonEncodedText.Encode("chat.completion");

    private readonly CompletionHeader _header;
    private readonly Choice[] _choices;
    private readonly bool _logprobs;

    public ChatReply(CompletionHeader header, GenerateRequest request)
    {
        _header = header;
        _logprobs = request.Logprobs;
        _choices = new Choice[request.Choices];
        for (int i = 0; i < _choices.Length; i++)
        {
            _choices[i] = new Choice();
        }
    }

    /// <summary>False when a choice grew past <see cref="HttpLimits.ReplyCharsMax"/>, or a tool call has no beginning.</summary>
    public bool TryAdd(NodeResponse response)
    {
        if (response.BodyCase == NodeResponse.BodyOneofCase.ChoiceEnd)
        {
            _choices[response.ChoiceEnd.Choice].Reason = response.ChoiceEnd.Reason;
            return true;
        }

        return response.BodyCase == NodeResponse.BodyOneofCase.Delta && TryAdd(response.Delta);
    }

    private bool TryAdd(TokenDelta delta)
    {
        Choice choice = _choices[delta.Choice];
        choice.Chances.AddRange(delta.Chances);
        choice.Content.Append(delta.Content);
        choice.Reasoning.Append(delta.Reasoning);
        choice.Chars += delta.Content.Length + delta.Reasoning.Length;
        foreach (ToolCallDelta call in delta.ToolCalls)
        {
            choice.Chars += call.Arguments.Length;
            if (!choice.TryAdd(call))
            {
                return false;
            }
        }

        return choice.Chars <= HttpLimits.ReplyCharsMax;
    }

    public void Write(Utf8JsonWriter json, GenerationEnd end)
    {
        json.WriteStartObject();
        _header.Write(json, Kind);
        json.WriteStartArray("choices"u8);
        for (int i = 0; i < _choices.Length; i++)
        {
            WriteChoice(json, i, _choices[i]);
        }

        json.WriteEndArray();
        CompletionParts.WriteUsage(json, end.Usage ?? new Usage());
        _header.WriteService(json, end.Fingerprint);
        json.WriteEndObject();
    }

    private void WriteChoice(Utf8JsonWriter json, int index, Choice choice)
    {
        json.WriteStartObject();
        json.WriteNumber("index"u8, index);
        json.WriteStartObject("message"u8);
        json.WriteString("role"u8, "assistant"u8);
        if (choice.Content.Length == 0 && choice.ToolCalls.Count > 0)
        {
            json.WriteNull("content"u8);
        }
        else
        {
            json.WriteString("content"u8, choice.Content.ToString());
        }

        if (choice.Reasoning.Length > 0)
        {
            json.WriteString("reasoning_content"u8, choice.Reasoning.ToString());
        }

        WriteToolCalls(json, choice);
        json.WriteNull("refusal"u8);
        json.WriteStartArray("annotations"u8);
        json.WriteEndArray();
        json.WriteEndObject();
        if (_logprobs)
        {
            LogprobParts.WriteChat(json, choice.Chances);
        }
        else
        {
            json.WriteNull("logprobs"u8);
        }

        json.WriteString("finish_reason"u8, CompletionParts.Name(choice.Reason));
        json.WriteEndObject();
    }

    private static void WriteToolCalls(Utf8JsonWriter json, Choice choice)
    {
        if (choice.ToolCalls.Count == 0)
        {
            return;
        }

        json.WriteStartArray("tool_calls"u8);
        foreach (ToolCall call in choice.ToolCalls)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, call.Id);
            json.WriteString("type"u8, "function"u8);
            json.WriteStartObject("function"u8);
            json.WriteString("name"u8, call.Name);
            json.WriteString("arguments"u8, call.Arguments.ToString());
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private sealed class Choice
    {
        public StringBuilder Content { get; } = new();

        public StringBuilder Reasoning { get; } = new();

        public List<ToolCall> ToolCalls { get; } = [];

        public List<TokenChance> Chances { get; } = [];

        public long Chars { get; set; }

        public FinishReason Reason { get; set; }

        public bool TryAdd(ToolCallDelta delta)
        {
            if (delta.Index == ToolCalls.Count && delta.Id.Length > 0)
            {
                ToolCalls.Add(new ToolCall(delta.Id, delta.Name));
            }

            if (delta.Index >= ToolCalls.Count)
            {
                return false;
            }

            ToolCalls[(int)delta.Index].Arguments.Append(delta.Arguments);
            return true;
        }
    }

    private sealed record ToolCall(string Id, string Name)
    {
        public StringBuilder Arguments { get; } = new();
    }
}
