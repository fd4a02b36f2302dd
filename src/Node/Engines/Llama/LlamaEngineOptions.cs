using System;
using System.Collections.Generic;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>What a <see cref="LlamaEngine"/> loads and how much of the machine it takes.</summary>
public sealed record LlamaEngineOptions
{
    public const int SlotsMax = 64;

    /// <summary>The context a slot gets by default when the model was trained with more.</summary>
    /// <remarks>The cache of a slot is allocated whole: 131,072 tokens of an 8 B model would be 16 GiB.</remarks>
    public const int ContextTokensDefaultMax = 8192;

    public required string ModelPath { get; init; }

    public required string ModelId { get; init; }

    /// <summary>SHA-256 of the file when somebody has verified it; empty: it is computed at load.</summary>
    public IReadOnlyList<byte> Sha256 { get; init; } = [];

    /// <summary>How many choices are decoded at once.</summary>
    public int Slots { get; init; } = 4;

    /// <summary>Requests that wait beyond the slots; who comes later waits before the queue.</summary>
    public int QueueMax { get; init; } = 16;

    /// <summary>Zero: what the model was trained with, at most <see cref="ContextTokensDefaultMax"/>.</summary>
    public int ContextTokensPerSlot { get; init; }

    /// <summary>Zero: all processors but one. ggml's threads spin at every barrier, so a busy core stalls them all.</summary>
    public int Threads { get; init; }

    /// <summary>Layers that run on the GPU; negative: all of them.</summary>
    public int GpuLayers { get; init; } = -1;

    internal int EffectiveThreads => Threads > 0 ? Threads : Math.Max(1, Environment.ProcessorCount - 1);

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(ModelPath);
        ArgumentException.ThrowIfNullOrEmpty(ModelId);
        ArgumentOutOfRangeException.ThrowIfLessThan(Slots, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Slots, SlotsMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(QueueMax, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(ContextTokensPerSlot);
        ArgumentOutOfRangeException.ThrowIfNegative(Threads);
    }
}
