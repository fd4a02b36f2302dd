using System;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>What the simulated path does to datagrams; chances are in thousandths.</summary>
internal sealed record LinkFaults
{
    public static LinkFaults None { get; } = new();

    public TimeSpan Latency { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Each datagram takes up to this much longer, so that later ones may overtake it.</summary>
    public TimeSpan Jitter { get; init; }

    public int Lost { get; init; }

    /// <summary>A datagram begins a burst of losses with this chance, and one within it ends it with the other.</summary>
    public int BurstBegins { get; init; }

    public int BurstEnds { get; init; } = 200;

    public int Duplicated { get; init; }

    public int Corrupted { get; init; }

    /// <summary>The bottleneck's rate; 0 means none.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>Larger datagrams vanish without a word.</summary>
    public int DatagramBytesMax { get; init; } = int.MaxValue;

    /// <summary>What waits at the bottleneck before datagrams are dropped.</summary>
    public int QueueBytes { get; init; } = 128 * 1024;
}
