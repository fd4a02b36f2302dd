using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Darkbloom.Node.Engines.Llama.Sampling;
using Darkbloom.Node.Engines.Llama.Text;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>The one thread that owns the native context: continuous batching over slots.</summary>
/// <remarks>
/// <para>Each step computes one batch: the next token of every decoding slot and a piece of at most one prompt. A request
/// joins between two steps and leaves between two steps; none waits for another to end. A prompt's piece is smaller
/// while others decode, so that a long prompt costs them a hiccup and no pause.</para>
/// <para>A request's choices are sequences of their own. Whoever starts takes over the longest prefix that any
/// slot has cached, so a prompt with several choices is computed once.</para>
/// </remarks>
internal sealed class EngineLoop : IAsyncDisposable
{
    /// <summary>Prompt tokens in a step that other slots decode in.</summary>
    public const int SharedPrefillTokensMax = 128;

    private readonly LlamaModel _model;
    private readonly int[] _suppressed;
    private readonly LlamaContext _context;
    private readonly Slot[] _slots;
    private readonly PrefixCache _prefixes;
    private readonly TokenSampler _sampler;
    private readonly TokenChances _chances;
    private readonly Channel<Generation> _queue;
    private readonly Queue<(Generation Generation, int Choice)> _waiting = [];
    private readonly WakeSignal _wake = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _step;
    private Slot? _prefilling;
    private volatile bool _isStopping;

    /// <summary>Set while a request leaves the line and has no slot yet.</summary>
    private Generation? _starting;

    public EngineLoop(LlamaModel model, LlamaContext context, int slots, int queueMax)
    {
        _model = model;
        _context = context;
        _suppressed = model.SuppressedTokens.ToArray();
        _sampler = new TokenSampler(model.VocabularySize);
        _chances = new TokenChances(model.VocabularySize);
        _slots = new Slot[slots];
        for (int sequence = 0; sequence < slots; sequence++)
        {
            _slots[sequence] = new Slot(sequence);
        }

        _prefixes = new PrefixCache(context, _slots);
        _queue = Channel.CreateBounded<Generation>(new BoundedChannelOptions(queueMax) { SingleReader = true });
        Thread thread = new(Run) { IsBackground = true, Name = "llama engine" };
        thread.Start();
    }

    public SpeedMeter Speed { get; } = new();

    public int TokensPerSequence => _context.TokensPerSequence;

    /// <summary>Hands a request over; waits while the queue is full. False when the engine is stopping.</summary>
    public async ValueTask<bool> TrySubmitAsync(Generation generation, CancellationToken cancellationToken)
    {
        try
        {
            await _queue.Writer.WriteAsync(generation, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return false;
        }

        Wake();
        return true;
    }

    public void Wake() => _wake.Set();

    /// <summary>Ends every request as drained and gives the context back; returns when the thread is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        _isStopping = true;
        _queue.Writer.TryComplete();
        Wake();
#pragma warning disable VSTHRD003 // The engine's own thread completes it and needs nothing from whoever waits.
        await _stopped.Task;
#pragma warning restore VSTHRD003
    }

    private void Run()
    {
        while (!_isStopping)
        {
            try
            {
                Step();
            }
            catch (Exception)
            {
                // What it says may quote the prompt; the requests that end by it are counted and logged as engine faults.
                OnFault();
            }
        }

        Drain();
        _context.Dispose();
        _stopped.SetResult();
    }

    private void Step()
    {
        // Step 1: forget the requests that nobody reads any more, and start the one that waits longest.
        FreeCancelled();
        StartNext();

        // Step 2: put together what can be computed; when nothing can, wait for a request or a reader.
        _context.ClearBatch();
        int decoding = AddDecoding();
        int prefilled = AddPrefill(decoding);
        if (_context.BatchCount == 0)
        {
            _wake.Wait();
            return;
        }

        // Step 3: compute it.
        long started = Stopwatch.GetTimestamp();
        _step++;
        if (!_context.Decode())
        {
            FailBatch();
            return;
        }

        // Step 4: draw a token for each slot that has logits.
        foreach (Slot slot in _slots)
        {
            if (slot.BatchIndex >= 0)
            {
                Draw(slot);
            }
        }

        TellProgress();
        Speed.OnStep(Stopwatch.GetElapsedTime(started), decoding, prefilled);
    }

    /// <summary>This code failed on a step: the requests in it end, and the loop goes on with those that wait.</summary>
    private void OnFault()
    {
        try
        {
            _starting?.End(InferenceFault.EngineFailed, "the engine failed on the request");
            _starting = null;
            FailBatch();
        }
        catch (Exception)
        {
            // Slots that can't be freed can't be used either: the engine stops, and whoever waits is told.
            _isStopping = true;
            _queue.Writer.TryComplete();
        }
    }

    private void FreeCancelled()
    {
        foreach (Slot slot in _slots)
        {
            if (slot.Generation is { IsCancelled: true } generation)
            {
                Release(slot);
                generation.End(InferenceFault.None, "");
            }
        }
    }

    private void StartNext()
    {
        while (_prefilling is null && TryNextChoice(out (Generation Generation, int Choice) next))
        {
            if (_prefixes.FindFreeSlot(next.Generation.PromptTokens) is not { } slot)
            {
                return;
            }

            _waiting.Dequeue();
            _starting = next.Generation;
            Start(slot, next.Generation, next.Choice);
            _starting = null;
        }
    }

    private bool TryNextChoice(out (Generation Generation, int Choice) next)
    {
        while (true)
        {
            while (_waiting.TryPeek(out next))
            {
                if (next.Generation is { IsCancelled: false, HasEnded: false })
                {
                    return true;
                }

                next.Generation.End(InferenceFault.None, "");
                _waiting.Dequeue();
            }

            if (!_queue.Reader.TryRead(out Generation? generation))
            {
                return false;
            }

            Enqueue(generation);
        }
    }

    private void Enqueue(Generation generation)
    {
        for (int choice = 0; choice < generation.Choices; choice++)
        {
            if (!generation.Told[choice].HasEnded)
            {
                generation.ChoicesLeft++;
                _waiting.Enqueue((generation, choice));
            }
        }

        if (generation.ChoicesLeft == 0)
        {
            generation.End(InferenceFault.None, "");
        }
    }

    private void Start(Slot slot, Generation generation, int choice)
    {
        Grammar? grammar = null;
        if (generation.Prompt is { } prompt && !prompt.TryCreateGrammar(_model, out grammar))
        {
            generation.End(InferenceFault.InvalidRequest, "the tools or the response schema make no grammar");
            return;
        }

        slot.Assign(generation, choice, grammar, new TokenText(_model, generation.PreservedTokens, generation.Stops));
        _prefilling = slot;
        if (!TryReplay(slot, generation.Told[choice].Tokens))
        {
            Fail(slot, "the tokens to go on from are not of this request");
            return;
        }

        if (slot.Unweighed.Count == 0 && (slot.Text!.IsStopped || IsFull(slot, slot.Prompt.Length)))
        {
            // The other node had drawn all of the choice's tokens and not told its end.
            End(slot, slot.Text.IsStopped ? FinishReason.Stop : FinishReason.Length);
            return;
        }

        int cached = _prefixes.Take(slot, slot.Prompt);
        if (generation.StartTimestamp == 0)
        {
            generation.CachedTokens = Math.Min(cached, generation.PromptTokens.Length);
            generation.StartTimestamp = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>Brings a choice to the state that it had after these tokens; false when it can't have drawn them.</summary>
    private bool TryReplay(Slot slot, int[] tokens)
    {
        foreach (int token in tokens)
        {
            if (slot.Text!.IsStopped || (slot.Grammar is { } grammar && !grammar.Accept(token)))
            {
                return false;
            }

            slot.OnReplayed(token);
            _ = slot.Text.Append(token);
        }

        return slot.Written <= slot.Generation!.OutputTokensMax
            && slot.Prompt.Length + slot.Unweighed.Count <= _context.TokensPerSequence;
    }

    private bool IsFull(Slot slot, int tokens) =>
        slot.Written == slot.Generation!.OutputTokensMax || tokens == _context.TokensPerSequence;

    private int AddDecoding()
    {
        int count = 0;
        foreach (Slot slot in _slots)
        {
            if (slot.State == SlotState.Decoding && slot.Generation!.HasRoom && _context.BatchRoom > 0)
            {
                slot.BatchIndex = _context.Add(slot.Next, slot.CachedCount, slot.Sequence, wantsLogits: true);
                slot.OnCached(slot.Next);
                count++;
            }
        }

        return count;
    }

    private int AddPrefill(int decoding)
    {
        if (_prefilling is not { } slot)
        {
            return 0;
        }

        int[] prompt = slot.Prompt;
        int room = decoding == 0 ? _context.BatchRoom : Math.Min(_context.BatchRoom, SharedPrefillTokensMax);
        int end = Math.Min(prompt.Length, slot.CachedCount + room);
        int added = end - slot.CachedCount;
        for (int position = slot.CachedCount; position < end; position++)
        {
            bool isLast = position == prompt.Length - 1;
            int index = _context.Add(prompt[position], position, slot.Sequence, isLast);
            slot.OnCached(prompt[position]);
            if (isLast)
            {
                slot.BatchIndex = index;
            }
        }

        return added;
    }

    /// <summary>Tells how much of a long prompt is done; after its last piece its first token tells that.</summary>
    private void TellProgress()
    {
        if (_prefilling is { Choice: 0, Generation: { HasRoom: true } generation } slot)
        {
            generation.Write(new EngineEvent(EngineEventKind.Prefill, First: slot.CachedCount, Second: slot.Prompt.Length));
        }
    }

    private void Draw(Slot slot)
    {
        Generation generation = slot.Generation!;
        int index = slot.BatchIndex;
        slot.BatchIndex = -1;
        if (slot.State == SlotState.Prefilling)
        {
            slot.StartDecoding();
            _prefilling = null;
            if (generation.FirstTokenTimestamp == 0)
            {
                generation.FirstTokenTimestamp = Stopwatch.GetTimestamp();
            }
        }

        Span<float> logits = _context.Logits(index);
        if (generation.TopLogprobs is not null && !logits.IsEmpty)
        {
            _chances.Remember(logits);
        }

        if (!logits.IsEmpty && slot.Unweighed.Count > 0)
        {
            Weigh(slot);
            return;
        }

        if (logits.IsEmpty || !TryDraw(slot, logits, out int token))
        {
            Fail(slot, "no token could be drawn");
            return;
        }

        if (_model.EndsGeneration(token))
        {
            End(slot, FinishReason.Stop);
            return;
        }

        slot.OnDrawn(token);
        string text = slot.Text!.Append(token);
        TokenChance? chance = generation.TopLogprobs is { } top ? _model.Describe(_chances, token, top) : null;
        generation.Write(new EngineEvent(EngineEventKind.Token, slot.Choice, token, Text: text, Chance: chance));
        EndIfDone(slot);
    }

    /// <summary>Tells the chance of a token that another node told without it; the logits are remembered.</summary>
    private void Weigh(Slot slot)
    {
        Generation generation = slot.Generation!;
        TokenChance chance = _model.Describe(_chances, slot.OnWeighed(), generation.TopLogprobs!.Value);
        generation.Write(new EngineEvent(EngineEventKind.Chance, slot.Choice, Chance: chance));
        if (slot.Unweighed.Count == 0)
        {
            EndIfDone(slot);
        }
    }

    private void EndIfDone(Slot slot)
    {
        if (slot.Text!.IsStopped || IsFull(slot, slot.CachedCount))
        {
            End(slot, slot.Text.IsStopped ? FinishReason.Stop : FinishReason.Length);
        }
    }

    private bool TryDraw(Slot slot, Span<float> logits, out int token)
    {
        uint position = (uint)slot.Written;
        foreach (int suppressed in _suppressed)
        {
            logits[suppressed] = float.NegativeInfinity;
        }

        for (int index = 0; index < slot.Settings.LogitBias.Count; index++)
        {
            (int biased, float bias) = slot.Settings.LogitBias[index];
            logits[biased] += bias;
        }

        slot.Counts.Penalize(logits, slot.Settings);
        token = _sampler.Draw(logits, slot.Settings, position);
        if (slot.Grammar is not { } grammar || token < 0)
        {
            return token >= 0;
        }

        // Masking the whole vocabulary is slow and most draws obey the grammar anyway, so the rule is: draw freely, and
        // only when the grammar forbids that token draw again among those it allows, under the same noise. Without
        // truncation that gives what masking first would have given.
        if (!grammar.Allows(token))
        {
            if (!grammar.Mask(logits))
            {
                return false;
            }

            token = _sampler.Draw(logits, slot.Settings, position);
        }

        return token >= 0 && (_model.EndsGeneration(token) || grammar.Accept(token));
    }

    private void End(Slot slot, FinishReason reason)
    {
        Generation generation = slot.Generation!;
        generation.Write(new EngineEvent(EngineEventKind.ChoiceEnd, slot.Choice, Text: slot.Text!.Finish(), Reason: reason));
        Release(slot);
        if (--generation.ChoicesLeft == 0)
        {
            generation.End(InferenceFault.None, "");
        }
    }

    private void Fail(Slot slot, string detail)
    {
        Generation generation = slot.Generation!;
        Release(slot);
        _context.Clear(slot.Sequence);
        slot.OnTruncated(0);
        generation.End(InferenceFault.EngineFailed, detail);

        // The other choices of a request that has ended have no reader.
        generation.Cancel();
    }

    // What the caches hold after a failed call is unknown.
    private void FailBatch()
    {
        foreach (Slot slot in _slots)
        {
            if (!slot.IsFree)
            {
                Fail(slot, "the engine could not compute a step");
            }
            else
            {
                _context.Clear(slot.Sequence);
                slot.OnTruncated(0);
            }
        }
    }

    private void Release(Slot slot)
    {
        if (_prefilling == slot)
        {
            _prefilling = null;
        }

        slot.Free(_step);
    }

    private void Drain()
    {
        foreach (Slot slot in _slots)
        {
            if (slot.Generation is { } generation)
            {
                Release(slot);
                generation.End(InferenceFault.Drained, "the engine stops");
            }
        }

        while (TryNextChoice(out (Generation Generation, int Choice) next))
        {
            next.Generation.End(InferenceFault.Drained, "the engine stops");
        }
    }
}
