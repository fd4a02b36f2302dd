using System.Collections.Generic;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Takes the deltas of an answer with one choice apart into thoughts, texts and calls that follow each other.</summary>
/// <remarks>
/// <code>
/// none -> [words of a kind, or a call's beginning] -> open
/// open -> [words of the same kind, or arguments of the same call] -> open
/// open -> [another kind, or the next call] -> open      the part before it has ended
/// open -> [end of the choice] -> none
/// </code>
/// </remarks>
/// <param name="events">Hears of each step; null: only the outcome counts.</param>
internal sealed class PartSequence(IPartEvents? events = null)
{
    private readonly List<GeneratedPart> _parts = [];
    private GeneratedPart? _open;
    private int _calls;
    private long _chars;

    public IReadOnlyList<GeneratedPart> Parts => _parts;

    /// <summary>Why the answer ended; set by <see cref="End"/>.</summary>
    public FinishReason Reason { get; private set; }

    /// <summary>False when the answer grew past <see cref="HttpLimits.ReplyCharsMax"/>, or a call's arguments have no call.</summary>
    public bool TryAdd(TokenDelta delta)
    {
        if (delta.Reasoning.Length > 0)
        {
            Append(Continue(PartKind.Reasoning), delta.Reasoning, []);
        }

        if (delta.Content.Length > 0)
        {
            Append(Continue(PartKind.Text), delta.Content, delta.Chances);
        }

        foreach (ToolCallDelta call in delta.ToolCalls)
        {
            if (call.Index == _calls && call.Id.Length > 0)
            {
                _calls++;
                Open(new GeneratedPart(PartKind.ToolCall, _parts.Count, call.Id, call.Name));
            }

            if (_open is not { Kind: PartKind.ToolCall } || call.Index + 1 != _calls)
            {
                return false;
            }

            Append(_open, call.Arguments, []);
        }

        return _chars <= HttpLimits.ReplyCharsMax;
    }

    /// <summary>Takes a message of the answer, whichever it is.</summary>
    public bool TryAdd(NodeResponse response)
    {
        if (response.BodyCase == NodeResponse.BodyOneofCase.ChoiceEnd)
        {
            End(response.ChoiceEnd);
            return true;
        }

        return response.BodyCase == NodeResponse.BodyOneofCase.Delta && TryAdd(response.Delta);
    }

    /// <summary>Ends the last part. An answer without any word is an empty text.</summary>
    public void End(ChoiceEnd end)
    {
        Reason = end.Reason;
        if (_parts.Count == 0)
        {
            Continue(PartKind.Text);
        }

        Close(isWhole: Reason != FinishReason.Length);
    }

    private GeneratedPart Continue(PartKind kind)
    {
        if (_open?.Kind != kind)
        {
            Open(new GeneratedPart(kind, _parts.Count));
        }

        return _open!;
    }

    private void Open(GeneratedPart part)
    {
        Close(isWhole: true);
        _open = part;
        _parts.Add(part);
        events?.Begin(part);
    }

    private void Append(GeneratedPart part, string text, IReadOnlyList<TokenChance> chances)
    {
        if (text.Length == 0)
        {
            return;
        }

        _chars += text.Length;
        part.Text.Append(text);
        part.Chances.AddRange(chances);
        events?.Append(part, text, chances);
    }

    private void Close(bool isWhole)
    {
        if (_open is { } part)
        {
            _open = null;
            part.IsWhole = isWhole;
            events?.End(part);
        }
    }
}
