using System;
using System.Diagnostics;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Dispatch;

/// <summary>Checks a node's messages on one inference stream, one by one, in the order in which they came.</summary>
/// <remarks><code>
/// Offered  -> [accepted]                           -> Accepted   the offer is answered once
/// Offered  -> [refused]                            -> Ended      a refusal is the whole answer
/// Accepted -> [prefill | delta | choice end]       -> Accepted   in any order that the choices' own rules allow
/// Accepted -> [embedding]                          -> Accepted   one after the other
/// Accepted -> [draining]                           -> Accepted   once: the node leaves, and the request runs on meanwhile
/// Accepted -> [transcript start, then its segments]-> Accepted   one after the other
/// Accepted -> [end]                                -> Ended      nothing follows it
/// any      -> [anything else]                      -> Ended      a violation is the last thing that is read
/// </code></remarks>
public sealed class ResponseReader
{
    /// <summary>Tokens that a chat template may add to what was sent: its own words, and the preamble about tools.</summary>
    private const ulong TemplateTokensMax = 16_384;

    private readonly uint _promptBytes;
    private readonly ulong _tokensPerChoiceMax;
    private readonly Choice[] _choices;
    private State _state = State.Offered;
    private uint _embeddings;
    private bool _isDraining;
    private bool _hasTranscript;
    private uint _segments;

    public ResponseReader(in OfferTerms offer)
    {
        _promptBytes = offer.PromptBytes;
        _tokensPerChoiceMax = offer.OutputTokensMax == 0 ? InferenceLimits.ContextTokensMax : offer.OutputTokensMax;
        _choices = new Choice[offer.Choices];
    }

    /// <summary>Reads the answer of a node that goes on with another's.</summary>
    public ResponseReader(in OfferTerms offer, Transcript told)
        : this(offer)
    {
        ArgumentNullException.ThrowIfNull(told);
        for (int choice = 0; choice < _choices.Length; choice++)
        {
            _choices[choice] = new Choice
            {
                Tokens = (uint)told.TokensOf(choice),
                Ended = told.EndOf(choice) != FinishReason.Unspecified,
            };
        }
    }

    private enum State
    {
        Offered,
        Accepted,
        Ended,
    }

    /// <summary>Takes the next message; anything but <see cref="ResponseViolation.None"/> ends the stream.</summary>
    public ResponseViolation Read(NodeResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        ResponseViolation violation = (_state, response.BodyCase) switch
        {
            (State.Offered, NodeResponse.BodyOneofCase.Accepted) => Move(State.Accepted),
            (State.Offered, NodeResponse.BodyOneofCase.Refused) => Move(State.Ended),
            (State.Accepted, NodeResponse.BodyOneofCase.Prefill) => ReadPrefill(response.Prefill),
            (State.Accepted, NodeResponse.BodyOneofCase.Delta) => ReadDelta(response.Delta),
            (State.Accepted, NodeResponse.BodyOneofCase.Embedding) => ReadEmbedding(response.Embedding),
            (State.Accepted, NodeResponse.BodyOneofCase.TranscriptStart) => ReadTranscriptStart(response.TranscriptStart),
            (State.Accepted, NodeResponse.BodyOneofCase.TranscriptSegment) => ReadSegment(response.TranscriptSegment),
            (State.Accepted, NodeResponse.BodyOneofCase.ChoiceEnd) => ReadChoiceEnd(response.ChoiceEnd),
            (State.Accepted, NodeResponse.BodyOneofCase.Draining) when !_isDraining => ReadDraining(),
            (State.Accepted, NodeResponse.BodyOneofCase.End) => ReadEnd(response.End),
            _ => ResponseViolation.OutOfOrder,
        };
        if (violation != ResponseViolation.None)
        {
            _state = State.Ended;
        }

        return violation;
    }

    private static ResponseViolation ReadPrefill(PrefillProgress prefill) =>
        prefill.TokensDone <= prefill.TokensTotal && prefill.TokensTotal <= InferenceLimits.ContextTokensMax
            ? ResponseViolation.None
            : ResponseViolation.BadValue;

    private ResponseViolation ReadDraining()
    {
        _isDraining = true;
        return ResponseViolation.None;
    }

    private ResponseViolation ReadDelta(TokenDelta delta)
    {
        if (delta.Choice >= _choices.Length)
        {
            return ResponseViolation.ChoiceOutOfRange;
        }

        ref Choice choice = ref _choices[delta.Choice];
        if (choice.Ended)
        {
            return ResponseViolation.ChoiceEnded;
        }

        if (delta.Offset != choice.Tokens)
        {
            return ResponseViolation.OffsetNotConsecutive;
        }

        if (delta.TokenIds.Count == 0 && choice.Tokens > 0)
        {
            // Only an echo of the prompt has no tokens: other text could not be told from text told again after a failure.
            return ResponseViolation.BadValue;
        }

        if (delta.TokenIds.Count > InferenceLimits.DeltaTokensMax
            || choice.Tokens + (ulong)delta.TokenIds.Count > _tokensPerChoiceMax)
        {
            return ResponseViolation.TooManyTokens;
        }

        choice.Tokens += (uint)delta.TokenIds.Count;
        return ReadText(delta);
    }

    private static ResponseViolation ReadText(TokenDelta delta)
    {
        if (delta.CalculateSize() > InferenceLimits.DeltaBytesMax)
        {
            return ResponseViolation.TooLarge;
        }

        foreach (ToolCallDelta call in delta.ToolCalls)
        {
            if (call.Index >= InferenceLimits.ToolCallsMax)
            {
                return ResponseViolation.BadValue;
            }
        }

        foreach (TokenChance chance in delta.Chances)
        {
            if (chance.Top.Count > InferenceLimits.TopLogprobsMax || float.IsNaN(chance.Logprob))
            {
                return ResponseViolation.BadValue;
            }
        }

        return ResponseViolation.None;
    }

    private ResponseViolation ReadEmbedding(Embedding embedding)
    {
        if (embedding.Index != _embeddings || _embeddings == InferenceLimits.EmbeddingInputsMax)
        {
            return ResponseViolation.OutOfOrder;
        }

        _embeddings++;
        if (embedding.Values.Count is 0 or > InferenceLimits.EmbeddingValuesMax)
        {
            return ResponseViolation.TooLarge;
        }

        foreach (float value in embedding.Values)
        {
            if (!float.IsFinite(value))
            {
                return ResponseViolation.BadValue;
            }
        }

        return ResponseViolation.None;
    }

    private ResponseViolation ReadTranscriptStart(TranscriptStart start)
    {
        if (_hasTranscript)
        {
            return ResponseViolation.OutOfOrder;
        }

        _hasTranscript = true;
        return start.DurationMs <= InferenceLimits.AudioSecondsMax * 1000u && start.Language.Length <= InferenceLimits.LanguageCharsMax
            ? ResponseViolation.None
            : ResponseViolation.BadValue;
    }

    private ResponseViolation ReadSegment(TranscriptSegment segment)
    {
        if (!_hasTranscript || segment.Index != _segments || _segments == InferenceLimits.SegmentsMax)
        {
            return ResponseViolation.OutOfOrder;
        }

        if (segment.CalculateSize() > InferenceLimits.DeltaBytesMax || segment.Words.Count > InferenceLimits.SegmentWordsMax)
        {
            return ResponseViolation.TooLarge;
        }

        if (segment.TokenIds.Count > InferenceLimits.DeltaTokensMax)
        {
            return ResponseViolation.TooManyTokens;
        }

        _segments++;
        _choices[0].Tokens += (uint)segment.TokenIds.Count;
        return float.IsFinite(segment.Temperature) && float.IsFinite(segment.MeanLogprob) && float.IsFinite(segment.NoSpeechProbability)
            ? ResponseViolation.None
            : ResponseViolation.BadValue;
    }

    private ResponseViolation ReadChoiceEnd(ChoiceEnd end)
    {
        if (end.Choice >= _choices.Length)
        {
            return ResponseViolation.ChoiceOutOfRange;
        }

        if (_choices[end.Choice].Ended)
        {
            return ResponseViolation.ChoiceEnded;
        }

        if (end.Reason is not (FinishReason.Stop or FinishReason.Length or FinishReason.ToolCalls))
        {
            return ResponseViolation.BadValue;
        }

        _choices[end.Choice].Ended = true;
        return end.Rest is not { } rest ? ResponseViolation.None
            : rest.Choice != end.Choice || rest.TokenIds.Count > 0 ? ResponseViolation.BadValue
            : ReadText(rest);
    }

    private ResponseViolation ReadEnd(GenerationEnd end)
    {
        Debug.Assert(_state == State.Accepted, "an end follows an accepted offer");
        _state = State.Ended;
        if (end.Fault is < InferenceFault.None or > InferenceFault.Drained)
        {
            return ResponseViolation.BadValue;
        }

        if (end.Fingerprint.Length > InferenceLimits.FingerprintCharsMax || end.Param.Length > InferenceLimits.ParamCharsMax)
        {
            return ResponseViolation.TooLarge;
        }

        if (end.Fault != InferenceFault.None)
        {
            return end.Usage is null || IsPossible(end.Usage) ? ResponseViolation.None : ResponseViolation.UsageOutOfBounds;
        }

        foreach (Choice choice in _choices)
        {
            if (!choice.Ended)
            {
                return ResponseViolation.EndedEarly;
            }
        }

        return end.Usage is not null && IsPossible(end.Usage) ? ResponseViolation.None : ResponseViolation.UsageOutOfBounds;
    }

    private bool IsPossible(Usage usage)
    {
        ulong sent = 0;
        foreach (Choice choice in _choices)
        {
            sent += choice.Tokens;
        }

        // A node may count the token that ended a choice, which is never sent: one more for each choice.
        return usage.PromptTokens <= _promptBytes + TemplateTokensMax
            && usage.CachedPromptTokens <= usage.PromptTokens
            && usage.CompletionTokens <= sent + (ulong)_choices.Length
            && usage.CompletionTokens <= _tokensPerChoiceMax * (ulong)_choices.Length
            && usage.ReasoningTokens <= usage.CompletionTokens;
    }

    private ResponseViolation Move(State state)
    {
        _state = state;
        return ResponseViolation.None;
    }

    private struct Choice
    {
        public uint Tokens;
        public bool Ended;
    }
}
