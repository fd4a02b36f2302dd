using System;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Paths;

/// <summary>One side moves, is copied, cut off and squeezed at random moments: every byte arrives once and in order.</summary>
public sealed class PathSeedTests
{
    private const int Seeds = 1000;

    private static readonly PathAddress s_stranger = new(new UInt128(0x2001_0DB8_0000_0000, 666), 6666);

    [Fact]
    public void Every_byte_arrives_whatever_happens_to_the_path()
    {
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            Run(seed);
        }
    }

    [Fact]
    public void A_port_that_changes_each_second_stops_no_transfer()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            LinkFaults link = new() { Latency = TimeSpan.FromMilliseconds(20), BytesPerSecond = 500_000, Lost = 10 };
            using Pair pair = new(link, seed: seed);
            StreamId up = pair.Client.OpenAndSend(TransferTests.Bytes(2_000_000, seed));
            StreamId down = pair.Server.OpenAndSend(TransferTests.Bytes(2_000_000, seed + 1));
            for (int second = 0; second < 30 && !(pair.Server.HasFinished(up) && pair.Client.HasFinished(down)); second++)
            {
                pair.Run(TimeSpan.FromSeconds(1));
                pair.Client.Address = pair.Client.Address with { Port = (ushort)(2000 + second) };
            }
            Assert.True(TransferTests.Bytes(2_000_000, seed).AsSpan().SequenceEqual(pair.Server.BytesOf(up)), $"seed {seed}");
            Assert.True(TransferTests.Bytes(2_000_000, seed + 1).AsSpan().SequenceEqual(pair.Client.BytesOf(down)), $"seed {seed}");
        }
    }

    [Fact]
    public void Whoever_copies_packets_gets_neither_the_path_nor_many_bytes()
    {
        using Pair pair = new(new LinkFaults { BytesPerSecond = 2_000_000 });
        StreamId stream = pair.Client.OpenAndSend(TransferTests.Bytes(3_000_000, 1));
        pair.Run(TimeSpan.FromMilliseconds(200));
        pair.CopiesFrom = s_stranger;
        pair.Run(TimeSpan.FromMilliseconds(500));
        pair.CopiesFrom = null;
        Assert.Equal(pair.Client.Address, pair.Server.Connection.Path);
        pair.RunUntil(() => pair.Server.HasFinished(stream), TimeSpan.FromSeconds(10));
        Assert.Equal(pair.Client.Address, pair.Server.Connection.Path);
        Assert.DoesNotContain(pair.Server.Events, e => e.Kind == ConnectionEventKind.PathChanged);
    }

    private static void Run(ulong seed)
    {
        Prng prng = new(seed);
        LinkFaults link = new()
        {
            Latency = TimeSpan.FromMilliseconds(1 + prng.Next(80)),
            Jitter = prng.Next(2) == 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(prng.Next(10)),
            Lost = prng.Next(2) == 0 ? 0 : prng.Next(100),
            Duplicated = prng.Next(3) == 0 ? prng.Next(100) : 0,
            BytesPerSecond = 100_000 + prng.Next(2_000_000),
        };
        using Pair pair = new(link, seed: seed);
        Side mover = prng.Next(2) == 0 ? pair.Client : pair.Server;
        byte[] sentUp = TransferTests.Bytes(10_000 + prng.Next(150_000), seed);
        byte[] sentDown = TransferTests.Bytes(10_000 + prng.Next(150_000), seed + 1);
        StreamId up = pair.Client.OpenAndSend(sentUp);
        StreamId down = pair.Server.OpenAndSend(sentDown);
        for (int i = 0; i < 12 && !(pair.Server.HasFinished(up) && pair.Client.HasFinished(down)); i++)
        {
            pair.Run(TimeSpan.FromMilliseconds(prng.Next(300)));
            Trouble(pair, mover, link, prng);
        }
        pair.Drops = null;
        pair.CopiesFrom = null;
        pair.RunUntil(() => pair.Server.HasFinished(up) && pair.Client.HasFinished(down), TimeSpan.FromMinutes(2), $"the bytes of seed {seed}");
        Assert.True(sentUp.AsSpan().SequenceEqual(pair.Server.BytesOf(up)), $"seed {seed}: other bytes arrived");
        Assert.True(sentDown.AsSpan().SequenceEqual(pair.Client.BytesOf(down)), $"seed {seed}: other bytes arrived");
    }

    private static void Trouble(Pair pair, Side mover, LinkFaults link, Prng prng)
    {
        switch (prng.Next(6))
        {
            case 0:
                mover.Address = mover.Address with { Port = (ushort)(1024 + prng.Next(60_000)) };
                break;
            case 1:
                mover.Address = mover.Address with { Address = mover.Address.Address + (UInt128)(256 * (1 + prng.Next(100))) };
                mover.Connection.MigrateLocally(pair.Now);
                pair.Drain();
                break;
            case 2:
                mover.Address = mover.Address with { Address = mover.Address.Address + (UInt128)(256 * (1 + prng.Next(100))) };
                break;
            case 3:
                Instant end = pair.Now + TimeSpan.FromMilliseconds(prng.Next(3000));
                pair.Drops = (_, _) => pair.Now < end;
                break;
            case 4:
                pair.Faults = link with { DatagramBytesMax = 1200 + prng.Next(300) };
                break;
            default:
                pair.CopiesFrom = pair.CopiesFrom is null ? s_stranger : null;
                break;
        }
    }
}
