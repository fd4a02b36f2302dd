using System;
using System.Collections.Generic;

namespace Darkbloom.Node.Engines.Whisper;

/// <summary>What a <see cref="WhisperEngine"/> loads and how much of the machine it takes.</summary>
/// <remarks>
/// One recording is heard at a time: the encoder takes every thread it is given, so two at once would each take twice as
/// long, and twice the memory.
/// </remarks>
public sealed record WhisperEngineOptions
{
    public const int Slots = 1;

    /// <summary>Recordings that may wait beyond the one that is heard: each lies in memory.</summary>
    public const int QueueMax = 4;

    public required string ModelPath { get; init; }

    public required string ModelId { get; init; }

    /// <summary>SHA-256 of the file when somebody has verified it; empty: it is computed at load.</summary>
    public IReadOnlyList<byte> Sha256 { get; init; } = [];

    /// <summary>Zero: all processors but one.</summary>
    public int Threads { get; init; }

    public bool UsesGpu { get; init; } = true;

    internal int EffectiveThreads => Threads > 0 ? Threads : Math.Max(1, Environment.ProcessorCount - 1);

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(ModelPath);
        ArgumentException.ThrowIfNullOrEmpty(ModelId);
        ArgumentOutOfRangeException.ThrowIfNegative(Threads);
    }
}
