using System;
using System.Collections.Generic;
using System.Diagnostics;
using Darkbloom.Bench.Micro;

namespace Darkbloom.Bench.Goals;

/// <summary>What one packet costs in memory and in time.</summary>
internal static class PacketGoals
{
    private const int Packets = 100_000;
    private const int WarmUpPackets = 100_000;

    public static IEnumerable<Goal> Measure()
    {
        using PacketPair pair = new();
        Run(pair, WarmUpPackets);
        long before = GC.GetAllocatedBytesForCurrentThread();
        long started = Stopwatch.GetTimestamp();
        Run(pair, Packets);
        double microseconds = Stopwatch.GetElapsedTime(started).TotalMicroseconds / Packets;
        double bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Packets;
        return
        [
            new Goal("allocated per packet sealed and opened", bytes, "bytes", Bound.AtMost(0), $"{Packets} packets of {PacketPair.PlaintextBytes} bytes"),
            new Goal("time per packet sealed and opened", microseconds, "µs", null, "one core"),
        ];
    }

    private static void Run(PacketPair pair, int packets)
    {
        for (int i = 0; i < packets; i++)
        {
            if (!pair.SealAndOpen())
            {
                throw new InvalidOperationException("A packet did not arrive.");
            }
        }
    }
}
