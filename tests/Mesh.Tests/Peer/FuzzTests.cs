using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Peering;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Simulations.Actors;
using Darkbloom.Simulations.Network;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

/// <summary>An attacker on the path who repeats, cuts, mixes and mangles what two peers say.</summary>
public sealed class FuzzTests
{
    private const int DatagramsPerSeed = 25_000;
    private static readonly LinkModel _perfect = new() { Latency = TimeSpan.FromMilliseconds(5) };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Mangled_datagrams_neither_throw_nor_stop_an_exchange(ulong seed) => Run(seed, DatagramsPerSeed);

    /// <summary>Mangles so many datagrams of one exchange.</summary>
    internal static void Run(ulong seed, int datagrams)
    {
        using PeerWorld world = new(seed, _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember(options => options with { Limits = new HandshakeLimits { WithoutCookie = new RateLimit(20, 20) } });
        Prng prng = new(seed);
        List<byte[]> heard = [];
        world.Wire.Tap = (_, _, datagram) =>
        {
            if (heard.Count < 400)
            {
                heard.Add(datagram.ToArray());
            }
            return true;
        };
        EchoActor echo = new(server);
        server.Told = echo.OnEvent;
        Exchange exchange = new(world.World, client, 50_000, pattern: seed);
        client.Told = e => exchange.OnEvent(client, e);
        exchange.Begin(server);
        world.Run(0.02);

        byte[] buffer = new byte[WireLimits.DatagramBytesMax];
        for (int i = 0; i < datagrams; i++)
        {
            SimPeer victim = prng.Chance(1, 2) ? client : server;
            PathAddress from = prng.Chance(3, 4) ? (victim == client ? server : client).Address : PeerWorld.AddressOf(2 + prng.Next(50));
            byte[] datagram = Mangle(prng, heard);
            victim.Do(() => victim.Core.Receive(world.World.Now, from, datagram));
            if (i % 100 == 0)
            {
                world.Run(0.01);
            }
        }
        world.Run(30);

        Assert.True(exchange.IsComplete, exchange.Failure);
        Assert.InRange(server.Core.SessionCount, 1, 2);
        Assert.Equal(0, server.Core.HalfOpenCount);
        Assert.False(server.Core.TryTransmit(world.World.Now, buffer, out _));
    }

    private static byte[] Mangle(Prng prng, List<byte[]> heard)
    {
        byte[] datagram = [.. heard[prng.Next(heard.Count)]];
        switch (prng.Next(6))
        {
            case 0:
                return datagram; // as it was: a replay
            case 1:
                return datagram[..prng.Next(datagram.Length + 1)];
            case 2:
                return [.. datagram.Concat(heard[prng.Next(heard.Count)]).Take(WireLimits.DatagramBytesMax)];
            case 3:
                byte[] other = heard[prng.Next(heard.Count)];
                int cut = prng.Next(Math.Min(datagram.Length, other.Length));
                other.AsSpan(cut).CopyTo((datagram = new byte[other.Length]).AsSpan(cut));
                return datagram;
            case 4:
                datagram[prng.Next(Math.Min(16, datagram.Length))] = (byte)prng.Next(256);
                return datagram;
            default:
                for (int i = 1 + prng.Next(4); i > 0; i--)
                {
                    datagram[prng.Next(datagram.Length)] ^= (byte)(1 << prng.Next(8));
                }
                return datagram;
        }
    }
}
