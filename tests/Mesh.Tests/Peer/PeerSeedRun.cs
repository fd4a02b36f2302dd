using System;
using System.Collections.Generic;
using Darkbloom.Mesh.Peering;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Simulations.Actors;
using Darkbloom.Simulations.Network;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

/// <summary>Two peers that a seed draws, with their handshakes: a bad path, moves, renewals every few seconds.</summary>
internal static class PeerSeedRun
{
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
        List<Exchange> exchanges = [];
        client.Told = e => exchanges.ForEach(exchange => exchange.OnEvent(client, e));
        Instant start = world.World.Now;
        for (int i = 0; i < 6; i++)
        {
            Exchange exchange = new(world.World, client, 1 + prng.Next(60_000), prng.NextUInt64());
            exchanges.Add(exchange);
            world.World.Schedule(start + TimeSpan.FromSeconds(4 * i), () => exchange.Begin(server));
        }
        if (prng.Chance(1, 3))
        {
            PathAddress moved = client.Address with { Port = 4001 };
            world.World.Schedule(start + TimeSpan.FromMilliseconds(prng.Next(20_000)), () => client.Move(moved));
        }

        bool isOver = world.World.RunUntil(() => exchanges.TrueForAll(e => e.IsComplete || e.HasFailed), start + _exchangesMax);
        Assert.True(isOver, "an exchange stalled");
        Assert.True(exchanges.TrueForAll(e => e.IsComplete), exchanges.Find(e => e.HasFailed)?.Failure ?? "");
        PeerCounters counted = client.Core.Counters;
        Assert.Equal(0, counted.Faults + server.Core.Counters.Faults);
        Assert.InRange(client.Core.SessionCount, 1, exchanges.Count);
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
