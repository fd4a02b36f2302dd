using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>Random paths and random applications: every byte arrives once and in order, and nothing stalls.</summary>
public sealed class SeedTests
{
    private const int Seeds = 300;

    [Fact]
    public void Every_byte_arrives_once_and_in_order_whatever_the_path_does()
    {
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            _ = Run(seed);
        }
    }

    [Fact]
    public void The_same_seed_replays_the_same_trace()
    {
        for (ulong seed = 1; seed <= 10; seed++)
        {
            Assert.Equal(Run(seed), Run(seed));
        }
        Assert.NotEqual(Run(1), Run(2));
    }

    /// <summary>One session; the message names the seed, and Run(seed) in a test of one line replays it.</summary>
    private static ulong Run(ulong seed)
    {
        Prng prng = new(seed);
        ConnectionOptions options = RandomOptions(prng);
        using Pair pair = new(RandomFaults(prng), options, RandomOptions(prng), seed);
        List<Transfer> transfers = [];
        int count = 1 + prng.Next(8);
        pair.Server.OnEvent = e => AnswerOpened(pair, e, transfers, seed);
        for (int i = 0; i < count; i++)
        {
            byte[] data = TransferTests.Bytes(prng.Next(3) == 0 ? prng.Next(200_000) : prng.Next(5000), seed + (ulong)i);
            if (pair.Client.Connection.OpenStream((StreamPriority)prng.Next(4)) is { } stream)
            {
                bool endsLater = data.Length < 5000 && prng.Next(2) == 0;
                pair.Client.Send(stream, data, complete: !endsLater);
                if (endsLater)
                {
                    // The end travels alone, and may be acknowledged before the bytes in front of it.
                    pair.Run(TimeSpan.FromMilliseconds(prng.Next(50)));
                    pair.Client.Send(stream, []);
                }
                transfers.Add(new Transfer(pair.Server, stream, Hash(data)));
            }
        }
        ScheduleTrouble(pair, prng);
        try
        {
            pair.RunUntil(
                () => transfers.Count % 2 == 0 && transfers.All(t => t.Reader.HasFinished(t.Stream)),
                TimeSpan.FromMinutes(5),
                $"all transfers of seed {seed}");
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            throw new InvalidOperationException($"seed {seed}", e);
        }
        foreach (Transfer transfer in transfers)
        {
            Assert.True(Hash(transfer.Reader.BytesOf(transfer.Stream)) == transfer.Expected, $"seed {seed}: other bytes arrived");
        }
        return pair.TraceHash;
    }

    private static void AnswerOpened(Pair pair, ConnectionEvent e, List<Transfer> transfers, ulong seed)
    {
        if (e.Kind == ConnectionEventKind.StreamOpened)
        {
            byte[] answer = TransferTests.Bytes((int)((seed * 7919) % 50_000), seed ^ e.Stream.Value);
            pair.Server.Send(e.Stream, answer);
            transfers.Add(new Transfer(pair.Client, e.Stream, Hash(answer)));
        }
    }

    private static ConnectionOptions RandomOptions(Prng prng) => new()
    {
        CongestionControl = (CongestionControl)prng.Next(Enum.GetValues<CongestionControl>().Length),
        DatagramBytes = 1200 + prng.Next(253),
        StreamWindowBytes = 2000 + prng.Next(60_000),
        ConnectionWindowBytes = 3000 + prng.Next(100_000),
        StreamsMax = 8,
        IdleTimeout = TimeSpan.FromMinutes(2),
        KeyPhasePackets = prng.Next(3) == 0 ? 5 + prng.Next(50) : 1 << 22,
    };

    private static LinkFaults RandomFaults(Prng prng) => new()
    {
        Latency = TimeSpan.FromMicroseconds(50 + prng.Next(100_000)),
        Jitter = prng.Next(2) == 0 ? TimeSpan.Zero : TimeSpan.FromMicroseconds(prng.Next(30_000)),
        Lost = prng.Next(2) == 0 ? 0 : prng.Next(250),
        Duplicated = prng.Next(3) == 0 ? prng.Next(200) : 0,
        Corrupted = prng.Next(3) == 0 ? prng.Next(100) : 0,
        BytesPerSecond = prng.Next(2) == 0 ? 0 : 100_000 + prng.Next(10_000_000),
        QueueBytes = 10_000 + prng.Next(200_000),
    };

    /// <summary>A blackout of up to three seconds, and perhaps a new address for the client after it.</summary>
    private static void ScheduleTrouble(Pair pair, Prng prng)
    {
        if (prng.Next(3) != 0)
        {
            return;
        }
        Instant start = pair.Now + TimeSpan.FromMilliseconds(prng.Next(500));
        Instant end = start + TimeSpan.FromMilliseconds(prng.Next(3000));
        bool moves = prng.Next(2) == 0;
        pair.Drops = (_, _) =>
        {
            if (moves && pair.Now >= end)
            {
                moves = false;
                pair.Client.Address = pair.Client.Address with { Port = 4711 };
            }
            return pair.Now >= start && pair.Now < end;
        };
    }

    private static string Hash(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    private sealed record Transfer(Side Reader, StreamId Stream, string Expected);
}
