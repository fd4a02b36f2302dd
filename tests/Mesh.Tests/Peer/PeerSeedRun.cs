using System;
using System.Linq;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Simulations.Actors;
using Darkbloom.Simulations.Network;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

/// <summary>Two peers that a seed draws, and one session that lasts: a bad path, moves, renewals from both sides every few seconds.</summary>
internal static class PeerSeedRun
{
    private const int Exchanges = 40;

    /// <summary>Over some thirty seconds, with renewals at most every three.</summary>
    private const int RenewalsMin = 4;

    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan _connectMax = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan _exchangesMax = TimeSpan.FromMinutes(10);

    /// <summary>Runs it and tells what it took; whatever fails throws, and names the seed.</summary>
    public static PeerSeedOutcome Run(ulong seed)
    {
        try
        {
            return Play(seed);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
        }
    }

    private static PeerSeedOutcome Play(ulong seed)
    {
        Prng prng = new(seed);
        using PeerWorld world = new(seed, RandomLink(prng));
        SimPeer client = world.AddMember(options => Restless(options, prng));
        SimPeer server = world.AddMember(options => Restless(options, prng));
        EchoActor echo = new(server);
        server.Told = echo.OnEvent;
        Exchange[] exchanges = [.. Enumerable.Range(0, Exchanges).Select(
            _ => new Exchange(world.World, client, 1 + prng.Next(30_000), prng.NextUInt64()))];
        MeshSession? session = null;
        bool isClosed = false;
        client.Told = e =>
        {
            session ??= e.Kind == PeerEventKind.Connected ? e.Session : null;
            isClosed |= e.Event.Kind == ConnectionEventKind.Closed;
            Array.ForEach(exchanges, exchange => exchange.OnEvent(client, e));
        };
        exchanges[0].Begin(server);
        Assert.True(world.World.RunUntil(() => session is not null, world.World.Now + _connectMax), exchanges[0].Failure);
        Instant start = world.World.Now;
        for (int i = 1; i < Exchanges; i++)
        {
            Exchange exchange = exchanges[i];
            world.World.Schedule(start + (_interval * i), () => exchange.Begin(session!));
        }
        if (prng.Chance(1, 3))
        {
            PathAddress moved = client.Address with { Port = 4001 };
            world.World.Schedule(start + (_interval * prng.Next(Exchanges)), () => client.Move(moved));
        }

        bool isOver = world.World.RunUntil(
            () => isClosed || Array.TrueForAll(exchanges, e => e.IsComplete || e.HasFailed), start + _exchangesMax);
        Assert.True(isOver, "an exchange stalled");
        Assert.True(Array.TrueForAll(exchanges, e => e.IsComplete), Array.Find(exchanges, e => e.HasFailed)?.Failure ?? "closed");
        PeerCounters counted = client.Core.Counters;
        Assert.Equal(0, counted.Faults + server.Core.Counters.Faults);
        Assert.Equal((1, 1), (client.Core.SessionCount, server.Core.SessionCount));
        Assert.InRange(Math.Min(counted.SessionsRenewed, server.Core.Counters.SessionsRenewed), RenewalsMin, long.MaxValue);
        return new PeerSeedOutcome(world.World.Trace.Current, counted.SessionsRenewed, world.Wire.Sent);
    }

    private static MeshPeerOptions Restless(MeshPeerOptions options, Prng prng) => options with
    {
        Limits = options.Limits with { ConnectTimeout = TimeSpan.FromMinutes(2) },
        Renewal = new RenewalTimes
        {
            Interval = TimeSpan.FromSeconds(2),
            IntervalMin = TimeSpan.FromSeconds(2),
            Spread = TimeSpan.FromMilliseconds(1 + prng.Next(500)),
        },
        Connection = options.Connection with
        {
            KeyPhasePackets = 10 + prng.Next(200),
            KeyPhaseDuration = TimeSpan.FromMilliseconds(200 + prng.Next(2000)),
            IdleTimeout = TimeSpan.FromMinutes(2),
            SilenceActive = TimeSpan.FromMinutes(2),
        },
    };

    private static LinkModel RandomLink(Prng prng) => new()
    {
        Latency = TimeSpan.FromMilliseconds(1 + prng.Next(100)),
        Jitter = TimeSpan.FromMilliseconds(prng.Next(50)),
        LossPerMille = prng.Next(150),
        DuplicationPerMille = prng.Next(100),
        CorruptionPerMille = prng.Next(50),
    };
}

/// <summary>What a seed led to: the same seed leads to the same.</summary>
internal readonly record struct PeerSeedOutcome(string Trace, long Renewals, long Datagrams);
