using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Engines.Llama;

internal enum EngineEventKind
{
    /// <summary>First and Second are the prompt's tokens done and in all.</summary>
    Prefill,

    /// <summary>First is the token; Text is what it lets out; Chance is set if the request asks for it.</summary>
    Token,

    /// <summary>The chance of a token that another node told without it.</summary>
    Chance,

    /// <summary>Reason says why; Text is what was still held back.</summary>
    ChoiceEnd,

    /// <summary>Fault says what went wrong, Text is its detail, Param the field at fault.</summary>
    End,
}

/// <summary>What the engine's thread tells the reader of a generation; a value, so that a token costs no object.</summary>
internal readonly record struct EngineEvent(
    EngineEventKind Kind,
    int Choice = 0,
    int First = 0,
    int Second = 0,
    string Text = "",
    FinishReason Reason = FinishReason.Unspecified,
    InferenceFault Fault = InferenceFault.None,
    string Param = "",
    TokenChance? Chance = null);
