using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Collects the deltas of completions, and writes them whole.</summary>
internal sealed class CompletionReply : IGenerationReply
{
    public static readonly JsonEncodedText Kind = JsonEncodedText.Encode("text_completion");

    private readonly CompletionHeader _header;
    private readonly Choice[] _choices;
    private readonly bool _logprobs;

    public CompletionReply(CompletionHeader header, int choices, bool logprobs)
    {
        _header = header;
        _logprobs = logprobs;
        _choices = new Choice[choices];
        for (int i = 0; i < choices; i++)
        {
            _choices[i] = new Choice();
        }
    }

    public bool TryAdd(NodeResponse response)
    {
        if (response.BodyCase == NodeResponse.BodyOneofCase.ChoiceEnd)
        {
            _choices[response.ChoiceEnd.Choice].Reason = response.ChoiceEnd.Reason;
            return true;
        }

        if (response.BodyCase != NodeResponse.BodyOneofCase.Delta)
        {
            return false;
        }

        Choice choice = _choices[response.Delta.Choice];
        choice.Text.Append(response.Delta.Content);
        choice.Chances.AddRange(response.Delta.Chances);
        return choice.Text.Length <= HttpLimits.ReplyCharsMax;
    }

    public void Write(Utf8JsonWriter json, GenerationEnd end)
    {
        json.WriteStartObject();
        _header.Write(json, Kind);
        json.WriteStartArray("choices"u8);
        for (int i = 0; i < _choices.Length; i++)
        {
            json.WriteStartObject();
            json.WriteString("text"u8, _choices[i].Text.ToString());
            json.WriteNumber("index"u8, i);
            if (_logprobs)
            {
                CompletionLogprobs.Write(json, _choices[i].Chances, offset: 0);
            }
            else
            {
                json.WriteNull("logprobs"u8);
            }

            json.WriteString("finish_reason"u8, CompletionParts.Name(_choices[i].Reason));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        CompletionParts.WriteUsage(json, end.Usage ?? new Usage());
        _header.WriteFingerprint(json, end.Fingerprint);
        json.WriteEndObject();
    }

    private sealed class Choice
    {
        public StringBuilder Text { get; } = new();

        public List<TokenChance> Chances { get; } = [];

        public FinishReason Reason { get; set; }
    }
}
