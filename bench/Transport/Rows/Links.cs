using System;
using Darkbloom.LinkEmulator;

namespace Darkbloom.Bench.Transport.Rows;

/// <summary>The paths of the table: a home uplink far away.</summary>
internal static class Links
{
    public const double RttMs = 40;

    /// <summary>A bandwidth-delay product of 100 Mbit at 40 ms.</summary>
    public const int QueueBytes = 512 * 1024;

    public static LinkProfile Mbit100 { get; } = new()
    {
        Delay = TimeSpan.FromMilliseconds(RttMs / 2),
        BitsPerSecond = 100e6,
        QueueBytesMax = QueueBytes,
    };

    public static LinkProfile Mbit100Loss1 { get; } = Mbit100 with { LossRate = 0.01 };

    public static LinkProfile Mbit50Loss2Jitter4 { get; } = Mbit100 with { BitsPerSecond = 50e6, LossRate = 0.02, Jitter = TimeSpan.FromMilliseconds(4) };

    /// <summary>What the bottleneck carries, headers included.</summary>
    public static double MegabytesPerSecond(LinkProfile profile) => profile.BitsPerSecond / 8e6;
}
