using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Channels;
using Darkbloom.Node.Engines.Llama.Sampling;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>One request between the thread that computes it and the task that reads it.</summary>
/// <remarks>
/// The engine's thread writes events while fewer than <see cref="UnreadMax"/> wait; then it leaves this request's slots
/// alone until the reader has caught up, and the others go on. It never waits for a reader.
/// </remarks>
internal sealed class Generation : IDisposable
{
    /// <summary>How many events may wait unread before the request's slots pause.</summary>
    public const int UnreadMax = 64;

    // What one step can still write for a request that has just reached the limit: a token and an end for each choice,
    // prefill progress and the end.
    private const int UnreadMargin = (2 * RequestReader.ChoicesMax) + 2;

    private readonly Channel<EngineEvent> _events;
    private readonly Action _wakeEngine;
    private int _unread;
    private int _owners = 2;
    private volatile bool _isCancelled;

    public Generation(ChatPrompt? prompt, int[] promptTokens, Action wakeEngine)
    {
        Prompt = prompt;
        PromptTokens = promptTokens;
        _wakeEngine = wakeEngine;
        _events = Channel.CreateBounded<EngineEvent>(new BoundedChannelOptions(UnreadMax + UnreadMargin)
        {
            SingleReader = true,
            SingleWriter = true,
            FullMode = BoundedChannelFullMode.Wait,
        });
    }

    /// <summary>Null when a plain text is completed.</summary>
    public ChatPrompt? Prompt { get; }

    public int[] PromptTokens { get; }

    /// <summary>One for each choice: what another node has drawn and told of it.</summary>
    public required IReadOnlyList<ToldTokens> Told { get; init; }

    public required SamplingSettings Settings { get; init; }

    public required IReadOnlyCollection<string> Stops { get; init; }

    /// <summary>Special tokens that are rendered as text, because the template's parser reads them.</summary>
    public required IReadOnlySet<int> PreservedTokens { get; init; }

    public required int Choices { get; init; }

    /// <summary>How many tokens each choice may have.</summary>
    public required int OutputTokensMax { get; init; }

    /// <summary>How many of the likeliest tokens are told at each place; null: no chances are told.</summary>
    public int? TopLogprobs { get; init; }

    /// <summary>For each choice, how many of its last told tokens have a chance that isn't told; set by the reader before the engine's thread looks.</summary>
    public int[] ChancesDue { get; set; } = [];

    public bool IsCancelled => _isCancelled;

    public bool HasRoom => Volatile.Read(ref _unread) < UnreadMax;

    /// <summary>Choices that haven't ended; the engine's thread alone counts it down.</summary>
    public int ChoicesLeft { get; set; }

    /// <summary>Set with the end event: the engine's thread doesn't look at the prompt any more.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Set by the engine's thread when the first choice's prefill starts.</summary>
    public int CachedTokens { get; set; }

    public long StartTimestamp { get; set; }

    public long FirstTokenTimestamp { get; set; }

    public long EndTimestamp { get; private set; }

    public IAsyncEnumerable<EngineEvent> ReadAllAsync(CancellationToken cancellationToken) =>
        _events.Reader.ReadAllAsync(cancellationToken);

    /// <summary>The reader has taken an event: a pause may be over.</summary>
    public void OnRead()
    {
        if (Interlocked.Decrement(ref _unread) == UnreadMax - 1)
        {
            _wakeEngine();
        }
    }

    /// <summary>Nobody reads any more: the slots are freed at the engine's next step.</summary>
    public void Cancel()
    {
        _isCancelled = true;
        _wakeEngine();
    }

    public void Write(in EngineEvent e)
    {
        Interlocked.Increment(ref _unread);
        bool isWritten = _events.Writer.TryWrite(e);
        Debug.Assert(isWritten, "a request without room is not computed, and the margin holds one step");
    }

    public void End(InferenceFault fault, string detail, string param = "")
    {
        if (HasEnded)
        {
            return;
        }

        HasEnded = true;
        EndTimestamp = Stopwatch.GetTimestamp();
        Write(new EngineEvent(EngineEventKind.End, Text: detail, Fault: fault, Param: param));
        _events.Writer.Complete();
        Dispose();
    }

    /// <summary>Called once by the reader and once with the end: whoever comes second frees the prompt.</summary>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
        {
            Prompt?.Dispose();
        }
    }
}
