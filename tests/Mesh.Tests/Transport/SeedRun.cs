using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>One session that a seed draws: its path, its options, its applications and their troubles.</summary>
/// <remarks>
/// Every byte of an undisturbed stream arrives once and in order, what arrives of one that was given up is how it began,
/// nothing stalls, no packet number comes back, and what is closed at the end is forgotten.
/// </remarks>
internal sealed class SeedRun : IDisposable
{
    private static readonly TimeSpan _transferMax = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan _closeMax = TimeSpan.FromMinutes(5);

    private readonly ulong _seed;
    private readonly Prng _prng;
    private readonly Pair _pair;
    private readonly DatagramTraffic _toServer;
    private readonly DatagramTraffic _toClient;
    private readonly List<Transfer> _transfers = [];
    private int _awaited;

    private SeedRun(ulong seed)
    {
        _seed = seed;
        _prng = new Prng(seed);
        _pair = new Pair(RandomFaults(), RandomOptions(), RandomOptions(), seed);
        _toServer = new DatagramTraffic(_pair.Client, _pair.Server);
        _toClient = new DatagramTraffic(_pair.Server, _pair.Client);
        _pair.Client.OnEvent = e => OnEvent(_pair.Client, e);
        _pair.Server.OnEvent = e => OnEvent(_pair.Server, e);
    }

    /// <summary>Runs it and tells what it took; whatever fails throws, and names the seed.</summary>
    public static SeedOutcome Run(ulong seed)
    {
        using SeedRun run = new(seed);
        try
        {
            return run.Play();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
        }
    }

    public void Dispose() => _pair.Dispose();

    private SeedOutcome Play()
    {
        ScheduleTrouble();
        for (int i = 1 + _prng.Next(8); i > 0; i--)
        {
            Begin(_prng.Chance(3, 4) ? _pair.Client : _pair.Server);
            for (int datagrams = _prng.Next(4); datagrams > 0; datagrams--)
            {
                (_prng.Chance(1, 2) ? _toServer : _toClient).Send(_prng);
            }
        }
        _pair.RunUntil(
            () => _transfers.Count >= _awaited && _transfers.TrueForAll(transfer => transfer.IsOver),
            _transferMax,
            "all transfers");
        foreach (Transfer transfer in _transfers)
        {
            transfer.Check();
        }
        CheckBounds(_pair.Client);
        CheckBounds(_pair.Server);

        (_prng.Chance(1, 2) ? _pair.Client : _pair.Server).Connection.Close(_pair.Now, 0, "");
        _pair.RunUntil(
            () => _pair.Client.Connection.State == ConnectionState.Drained && _pair.Server.Connection.State == ConnectionState.Drained,
            _closeMax,
            "both sides to forget the session");
        Assert.Null(_pair.Client.Connection.NextTimeout);
        return new SeedOutcome(_pair.TraceHash, _pair.Client.DatagramsSent + _pair.Server.DatagramsSent);
    }

    private void Begin(Side sender)
    {
        Side reader = _pair.PeerOf(sender);
        byte[] data = TransferTests.Bytes(_prng.Chance(1, 3) ? _prng.Next(200_000) : _prng.Next(5000), _prng.NextUInt64());
        StreamPriority priority = (StreamPriority)_prng.Next(4);
        bool isAnswered = _prng.Chance(3, 4);
        StreamId? opened = isAnswered
            ? sender.Connection.OpenStream(priority)
            : sender.Connection.OpenUnidirectionalStream(priority);
        if (opened is not { } stream)
        {
            return;
        }
        _awaited += isAnswered ? 2 : 1;
        bool endsLater = data.Length < 5000 && _prng.Chance(1, 2);
        Transfer transfer = new(reader, stream, data);
        _transfers.Add(transfer);
        sender.Send(stream, data, complete: !endsLater);
        if (endsLater)
        {
            // The end travels alone, and may be acknowledged before the bytes in front of it.
            _pair.Run(TimeSpan.FromMilliseconds(_prng.Next(50)));
            sender.Send(stream, []);
        }
        if (_prng.Chance(1, 8))
        {
            _pair.Run(TimeSpan.FromMilliseconds(_prng.Next(200)));
            transfer.IsGivenUp = true;
            if (_prng.Chance(1, 2))
            {
                sender.Connection.Reset(stream, 7);
            }
            else
            {
                reader.Connection.StopSending(stream, 8);
            }
        }
    }

    /// <summary>Whoever is spoken to on a stream answers on it, while the other half may still be open or reset.</summary>
    private void OnEvent(Side side, ConnectionEvent e)
    {
        (side == _pair.Server ? _toServer : _toClient).Take();
        if (e.Kind == ConnectionEventKind.StreamOpened && e.Stream.IsBidirectional)
        {
            byte[] answer = TransferTests.Bytes((int)(_seed * 7919 % 50_000), _seed ^ e.Stream.Value);
            side.Send(e.Stream, answer);
            _transfers.Add(new Transfer(_pair.PeerOf(side), e.Stream, answer));
        }
    }

    private ConnectionOptions RandomOptions() => new()
    {
        CongestionControl = (CongestionControl)_prng.Next(Enum.GetValues<CongestionControl>().Length),
        DatagramBytesMax = 1200 + _prng.Next(253),
        StreamWindowBytes = 2000 + _prng.Next(60_000),
        ConnectionWindowBytes = 3000 + _prng.Next(100_000),
        StreamsMax = 8,
        UnidirectionalStreamsMax = 1 + _prng.Next(4),
        DatagramFrameBytesMax = _prng.Chance(1, 3) ? 0 : 100 + _prng.Next(1300),
        IdleTimeout = TimeSpan.FromMinutes(2),
        SilenceActive = TimeSpan.FromMinutes(2),
        KeyPhasePackets = _prng.Chance(1, 3) ? 5 + _prng.Next(50) : 1 << 22,
    };

    private LinkFaults RandomFaults() => new()
    {
        Latency = TimeSpan.FromMicroseconds(50 + _prng.Next(100_000)),
        Jitter = _prng.Chance(1, 2) ? TimeSpan.Zero : TimeSpan.FromMicroseconds(_prng.Next(30_000)),
        Lost = _prng.Chance(1, 2) ? 0 : _prng.Next(250),
        BurstBegins = _prng.Chance(1, 4) ? _prng.Next(20) : 0,
        BurstEnds = 200 + _prng.Next(500),
        Duplicated = _prng.Chance(1, 3) ? _prng.Next(200) : 0,
        Corrupted = _prng.Chance(1, 3) ? _prng.Next(100) : 0,
        BytesPerSecond = _prng.Chance(1, 2) ? 0 : 100_000 + _prng.Next(10_000_000),
        QueueBytes = 10_000 + _prng.Next(200_000),
    };

    /// <summary>Blackouts of up to three seconds, and perhaps another port or another address for the client after each.</summary>
    private void ScheduleTrouble()
    {
        List<Trouble> troubles = [];
        Instant from = _pair.Now;
        while (troubles.Count < 3 && _prng.Chance(1, 3))
        {
            Instant start = from + TimeSpan.FromMilliseconds(_prng.Next(800));
            from = start + TimeSpan.FromMilliseconds(_prng.Next(3000));
            troubles.Add(new Trouble(start, from, Moves: _prng.Next(3)));
        }
        _pair.Drops = (_, _) =>
        {
            while (troubles.Count > 0 && _pair.Now >= troubles[0].End)
            {
                Move(troubles[0].Moves);
                troubles.RemoveAt(0);
            }
            return troubles.Count > 0 && _pair.Now >= troubles[0].Start;
        };
    }

    private void Move(int moves)
    {
        PathAddress address = _pair.Client.Address;
        _pair.Client.Address = moves switch
        {
            0 => address,
            1 => address with { Port = (ushort)(address.Port + 1) },
            _ => address with { Address = address.Address + 0x100 },
        };
    }

    private static void CheckBounds(Side side)
    {
        ConnectionStatistics statistics = side.Connection.Statistics;
        Assert.True(side.Connection.State == ConnectionState.Open, $"{side.Name} is {side.Connection.State}: {side.Connection.CloseReason}");
        Assert.True(statistics.PacketsSent == side.DatagramsSent, $"{side.Name} miscounts its packets");
        Assert.True(statistics.BytesInFlight >= 0, $"{side.Name} counts less than nothing in flight");
    }

    private sealed record Trouble(Instant Start, Instant End, int Moves);

    /// <summary>One direction of one stream.</summary>
    private sealed class Transfer(Side reader, StreamId stream, byte[] expected)
    {
        public bool IsGivenUp { get; set; }

        public bool IsOver => IsGivenUp || reader.HasFinished(stream);

        public void Check()
        {
            byte[] arrived = reader.BytesOf(stream);
            if (IsGivenUp)
            {
                Assert.True(
                    arrived.Length <= expected.Length && arrived.AsSpan().SequenceEqual(expected.AsSpan(0, arrived.Length)),
                    $"stream {stream.Value} arrived otherwise than it began");
                return;
            }
            Assert.True(
                CryptographicOperations.FixedTimeEquals(SHA256.HashData(arrived), SHA256.HashData(expected)),
                $"other bytes arrived on stream {stream.Value}");
        }
    }
}

/// <summary>What a seed led to: the same seed leads to the same.</summary>
internal readonly record struct SeedOutcome(ulong TraceHash, long Datagrams);
