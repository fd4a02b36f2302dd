using System;

namespace Darkbloom.LinkEmulator;

/// <summary>What one direction of a link does to the packets that enter it; sizes are those of IP packets.</summary>
public sealed record LinkProfile
{
    /// <summary>The way from end to end, without the queue.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Up to this much more, evenly spread and drawn for each packet alone: packets overtake each other.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>The share of packets lost, each by itself.</summary>
    public double LossRate { get; init; }

    /// <summary>Losses that come in bursts, beside those of <see cref="LossRate"/>.</summary>
    public BurstLoss? BurstLoss { get; init; }

    /// <summary>The bottleneck; 0 has none.</summary>
    public double BitsPerSecond { get; init; }

    /// <summary>Bytes that wait before the bottleneck; what doesn't fit is dropped.</summary>
    public int QueueBytesMax { get; init; } = 256 * 1024;

    /// <summary>The share of packets that arrive twice.</summary>
    public double DuplicateRate { get; init; }

    /// <summary>The share of packets that skip the delay and so overtake the others.</summary>
    public double ReorderRate { get; init; }

    /// <summary>Longer packets vanish without a word, as behind a router whose ICMP is filtered; the interface keeps its own MTU.</summary>
    public int PacketBytesMax { get; init; } = int.MaxValue;

    /// <summary>Nothing passes.</summary>
    public bool IsDown { get; init; }
}

/// <summary>The Gilbert-Elliott model: a good state that loses nothing and a bad one that loses everything.</summary>
/// <param name="EnterRate">The share of packets in the good state that turn it bad; the packet itself is lost.</param>
/// <param name="LeaveRate">The share of packets in the bad state that turn it good; the packet itself passes. A burst is 1 / this long.</param>
public readonly record struct BurstLoss(double EnterRate, double LeaveRate);
