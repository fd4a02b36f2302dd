using System;
using System.Collections.Generic;
using System.Diagnostics;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Dispatch;

/// <summary>What a client has been told of each choice of an answer: enough for another node to go on behind it.</summary>
/// <remarks>
/// Tokens, not text: a draw depends on seed, position and the tokens before, so whoever replays these through the same
/// model, template and sampler is where the first node was. An answer too long for one message is kept no further.
/// </remarks>
public sealed class Transcript
{
    /// <summary>What a told token, or the frame around a choice, adds to an encoded prompt at most.</summary>
    private const int TokenBytesMax = 5;
    private const int ChoiceBytesMax = 24;

    private readonly List<uint>[] _tokens;
    private readonly FinishReason[] _ended;
    private readonly long _bytesMax;
    private long _bytes;

    /// <param name="offer">The answer's choices, and how much of a message its prompt has left over.</param>
    public Transcript(in OfferTerms offer)
    {
        _tokens = new List<uint>[offer.Choices];
        _ended = new FinishReason[offer.Choices];
        _bytesMax = InferenceLimits.PromptBytesMax - offer.PromptBytes;
        _bytes = ChoiceBytesMax * offer.Choices;
        for (int choice = 0; choice < _tokens.Length; choice++)
        {
            _tokens[choice] = [];
        }
    }

    public int Choices => _tokens.Length;

    /// <summary>Set by the owner: whether tokens are all that the client is told.</summary>
    public bool IsContinuable { get; init; } = true;

    /// <summary>Whether the whole answer so far is here and goes into a message.</summary>
    public bool IsWhole => IsContinuable && _bytes <= _bytesMax;

    public int TokensOf(int choice) => _tokens[choice].Count;

    /// <summary>Why the choice has ended; unspecified while it goes on.</summary>
    public FinishReason EndOf(int choice) => _ended[choice];

    /// <summary>Notes tokens that a checked message brings to the client.</summary>
    public void OnDelta(TokenDelta delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        _bytes += (long)delta.TokenIds.Count * TokenBytesMax;
        if (IsWhole)
        {
            _tokens[delta.Choice].AddRange(delta.TokenIds);
        }

        AssertInvariants();
    }

    public void OnChoiceEnd(ChoiceEnd end)
    {
        ArgumentNullException.ThrowIfNull(end);
        Debug.Assert(_ended[end.Choice] == FinishReason.Unspecified, "a choice ends once");
        _ended[end.Choice] = end.Reason;
    }

    /// <summary>The prompt that makes another node go on; the original stays as it is.</summary>
    public GenerateRequest ContinuationOf(GenerateRequest prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (!IsWhole)
        {
            throw new InvalidOperationException("An answer that is not kept whole can't go on elsewhere.");
        }

        GenerateRequest continuation = prompt.Clone();
        continuation.Told.Clear();
        for (int choice = 0; choice < _tokens.Length; choice++)
        {
            continuation.Told.Add(new ToldChoice { TokenIds = { _tokens[choice] }, Ended = _ended[choice] });
        }

        Debug.Assert(continuation.CalculateSize() <= InferenceLimits.PromptBytesMax, "the bytes of tokens are not underestimated");
        return continuation;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        long bytes = ChoiceBytesMax * _tokens.Length;
        foreach (List<uint> tokens in _tokens)
        {
            bytes += (long)tokens.Count * TokenBytesMax;
        }

        Debug.Assert(bytes <= _bytes, "no token is kept that was not counted");
        Debug.Assert(bytes <= Math.Max(_bytesMax, ChoiceBytesMax * _tokens.Length), "what is kept is bounded by what a message holds");
    }
}
