using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;

namespace Darkbloom.Bench.Micro;

/// <summary>Nanoseconds and bytes a data packet, both ends on one core: the protection alone, then the whole connection.</summary>
/// <remarks>
/// The subjects take turns, and each reports its median, so that what slows the machine slows all alike. A connection
/// acknowledges every second packet, and so does what it is compared with.
/// </remarks>
internal static class PacketCost
{
    private const int Rounds = 15;
    private const int PacketsPerRound = 50_000;
    private const int WarmUpPackets = 200_000;
    private const int BulkBytes = 64 * 1024;
    private const int TokenBytes = 40;

    public static void Print(TextWriter output)
    {
        using PacketPair packets = new();
        using ConnectionPair bulk = new(BulkBytes);
        using ConnectionPair tokens = new(TokenBytes);
        (string Name, Action<int> Move)[] subjects =
        [
            ("seal and open", count => SealAndOpen(packets, count, acks: false)),
            ("the same, half an ACK", count => SealAndOpen(packets, count, acks: true)),
            ("bulk, full datagrams", bulk.Move),
            ("tokens of 40 bytes", tokens.Move),
        ];
        List<double>[] samples = [.. subjects.Select(_ => new List<double>())];
        long[] allocated = new long[subjects.Length];
        int collections = GC.CollectionCount(GC.MaxGeneration);
        foreach ((_, Action<int> move) in subjects)
        {
            move(WarmUpPackets);
        }
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < subjects.Length; i++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                long started = Stopwatch.GetTimestamp();
                subjects[i].Move(PacketsPerRound);
                samples[i].Add(Stopwatch.GetElapsedTime(started).TotalNanoseconds / PacketsPerRound);
                allocated[i] += GC.GetAllocatedBytesForCurrentThread() - before;
            }
        }
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{bulk.BytesMoved / 1e9:F2} GB of bulk read, {GC.CollectionCount(GC.MaxGeneration) - collections} collections of the last generation"));
        for (int i = 0; i < subjects.Length; i++)
        {
            double median = samples[i].Order().ElementAt(Rounds / 2);
            double bytes = allocated[i] / (double)(Rounds * PacketsPerRound);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{subjects[i].Name,-24}{median,8:F0} ns/packet{bytes,10:F3} B/packet"));
        }
    }

    private static void SealAndOpen(PacketPair packets, int count, bool acks)
    {
        for (int i = 0; i < count; i++)
        {
            _ = packets.SealAndOpen();
            if (acks && (i & 1) == 1)
            {
                _ = packets.SealAndOpen(PacketPair.AckBytes);
            }
        }
    }
}
