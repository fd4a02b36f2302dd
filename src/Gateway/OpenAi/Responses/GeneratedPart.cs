using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>What one stretch of an answer is.</summary>
internal enum PartKind
{
    Reasoning,
    Text,
    ToolCall,
}

/// <summary>One stretch of an answer: a thought, a text, or a call of a tool.</summary>
/// <param name="index">Its place among the answer's parts.</param>
/// <param name="callId">Empty unless it calls a tool, as is <paramref name="name"/>.</param>
internal sealed class GeneratedPart(PartKind kind, int index, string callId = "", string name = "")
{
    public PartKind Kind => kind;

    public int Index => index;

    public string CallId => callId;

    public string Name => name;

    /// <summary>The words so far; of a call, its arguments.</summary>
    public StringBuilder Text { get; } = new();

    /// <summary>How likely the tokens of a text were, if that was asked for.</summary>
    public List<TokenChance> Chances { get; } = [];

    /// <summary>The part ended, and not because the answer had no room left; set by <see cref="PartSequence"/>.</summary>
    public bool IsWhole { get; set; }

    /// <summary>The arguments of a call, if the model wrote an object.</summary>
    public string? ArgumentsOrNull()
    {
        string text = Text.ToString();
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object ? text : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
