using System;
using System.Collections.Generic;
using System.Diagnostics;
using Darkbloom.Node.Engines.Llama.Sampling;
using Darkbloom.Node.Engines.Llama.Text;

namespace Darkbloom.Node.Engines.Llama;

/// <remarks><code>
/// Free       -> [a choice is assigned]                -> Prefilling   one slot at a time: prompts don't compete
/// Prefilling -> [the prompt's last token was decoded] -> Decoding     its logits give the first token
/// Prefilling -> [cancelled | fault]                   -> Free
/// Decoding   -> [stop | length | cancelled | fault]   -> Free         what is cached stays, for the next prompt
/// </code></remarks>
internal enum SlotState
{
    Free,
    Prefilling,
    Decoding,
}

/// <summary>One sequence of the context and the choice that it computes; the engine's thread owns it.</summary>
internal sealed class Slot(int sequence)
{
    private readonly List<int> _cached = [];

    public int Sequence { get; } = sequence;

    public SlotState State { get; private set; }

    /// <summary>The request in work; null while the slot is free.</summary>
    public Generation? Generation { get; private set; }

    public int Choice { get; private set; }

    public Grammar? Grammar { get; private set; }

    public SamplingSettings Settings { get; private set; }

    public TokenCounts Counts { get; private set; } = new();

    /// <summary>The choice's text; null while the slot is free.</summary>
    public TokenText? Text { get; private set; }

    /// <summary>What is computed before a token is drawn or weighed: the request's prompt and what the choice has told elsewhere.</summary>
    public int[] Prompt { get; private set; } = [];

    /// <summary>The last told tokens, whose chances aren't told: they are weighed one by one before anything is drawn.</summary>
    public Queue<int> Unweighed { get; } = [];

    /// <summary>How many tokens the choice has written.</summary>
    public int Written { get; private set; }

    /// <summary>The token that was drawn last and isn't in the cache yet.</summary>
    public int Next { get; private set; }

    /// <summary>Index in the running batch whose logits belong to this slot; -1 when it takes part in none.</summary>
    public int BatchIndex { get; set; } = -1;

    /// <summary>Step at which the slot was last freed: among equals the oldest cache is given up first.</summary>
    public long FreedAt { get; private set; }

    /// <summary>Tokens in this sequence's cache: the position of the next one.</summary>
    public int CachedCount => _cached.Count;

    public bool IsFree => State == SlotState.Free;

    public int CommonPrefix(ReadOnlySpan<int> prompt)
    {
        ReadOnlySpan<int> cached = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_cached);
        return cached.CommonPrefixLength(prompt);
    }

    public void Assign(Generation generation, int choice, Grammar? grammar, TokenText text)
    {
        Debug.Assert(State == SlotState.Free, "Free -> [a choice is assigned] -> Prefilling");
        State = SlotState.Prefilling;
        Generation = generation;
        Choice = choice;
        Grammar = grammar;
        Settings = generation.Settings.ForChoice(choice);
        Counts = new TokenCounts();
        Text = text;
        ReadOnlySpan<int> told = generation.Told[choice].Tokens;
        int due = generation.ChancesDue.Length > choice ? generation.ChancesDue[choice] : 0;
        Prompt = [.. generation.PromptTokens, .. told[..^due]];
        Unweighed.Clear();
        foreach (int token in told[^due..])
        {
            Unweighed.Enqueue(token);
        }

        Written = 0;
        AssertInvariants();
    }

    /// <summary>The prompt is in the cache.</summary>
    public void StartDecoding()
    {
        Debug.Assert(State == SlotState.Prefilling, "Prefilling -> [the prompt's last token was decoded] -> Decoding");
        State = SlotState.Decoding;
        AssertInvariants();
    }

    /// <summary>A token was drawn and told.</summary>
    public void OnDrawn(int token)
    {
        Debug.Assert(State == SlotState.Decoding, "only a decoding slot draws");
        Next = token;
        Written++;
        Counts.Add(token);
    }

    /// <summary>The next told token was weighed: it goes into the cache as one that was drawn.</summary>
    public int OnWeighed()
    {
        Debug.Assert(State == SlotState.Decoding, "only a decoding slot has logits");
        return Next = Unweighed.Dequeue();
    }

    /// <summary>A token that was drawn elsewhere and is told already: it counts for what is drawn next.</summary>
    public void OnReplayed(int token)
    {
        Debug.Assert(State == SlotState.Prefilling, "a stream is taken over before it goes on");
        Written++;
        Counts.Add(token);
    }

    public void OnCached(int token) => _cached.Add(token);

    /// <summary>The cache was cut to its first <paramref name="count"/> tokens.</summary>
    public void OnTruncated(int count) => _cached.RemoveRange(count, _cached.Count - count);

    /// <summary>The cache now holds what another slot's holds.</summary>
    public void OnCopied(Slot source)
    {
        _cached.Clear();
        _cached.AddRange(source._cached);
    }

    public void Free(long step)
    {
        Debug.Assert(State != SlotState.Free, "a slot is freed once");
        State = SlotState.Free;
        Generation = null;
        Grammar?.Dispose();
        Grammar = null;
        Text = null;
        Prompt = [];
        BatchIndex = -1;
        FreedAt = step;
        AssertInvariants();
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(IsFree == (Generation is null), "a slot works for a request exactly while it isn't free");
        Debug.Assert(Generation is null || Choice < Generation.Choices, "a choice is one of its request's");
    }
}
