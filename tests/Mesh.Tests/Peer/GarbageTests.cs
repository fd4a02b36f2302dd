using System;
using Darkbloom.Mesh.Peering;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Simulations.Actors;
using Darkbloom.Simulations.Network;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

public sealed class GarbageTests
{
    private static readonly LinkModel _perfect = new() { Latency = TimeSpan.FromMilliseconds(10) };

    [Fact]
    public void Random_bytes_are_counted_and_get_no_answer()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer peer = world.AddMember();
        Prng prng = new(7);
        byte[] buffer = new byte[WireLimits.DatagramBytesMax];

        for (int i = 0; i < 20_000; i++)
        {
            Span<byte> datagram = buffer.AsSpan(0, prng.Next(buffer.Length + 1));
            Fill(prng, datagram);
            if (datagram.Length > 0 && prng.Chance(9, 10))
            {
                datagram[0] = (byte)(0x40 | (prng.Next(4) << 3) | prng.Next(2));
            }
            peer.Core.Receive(world.World.Now, PeerWorld.AddressOf(9), datagram);
        }

        Assert.False(peer.Core.TryTransmit(world.World.Now, buffer, out _));
        Assert.Equal(0, peer.Core.SessionCount);
        PeerCounters counted = peer.Core.Counters;
        Assert.Equal(20_000, counted.DatagramsMalformed + counted.DatagramsUnknown + counted.InitsWithoutMac);
    }

    [Theory]
    [InlineData(PacketType.Init)]
    [InlineData(PacketType.Response)]
    [InlineData(PacketType.Retry)]
    [InlineData(PacketType.Data)]
    public void A_packet_cut_at_any_byte_changes_nothing(PacketType type)
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer server = world.AddMember(options => options with
        {
            Limits = new HandshakeLimits { WithoutCookie = new RateLimit(1, 1) },
        });
        SimPeer spender = world.AddMember();
        SimPeer client = world.AddMember();
        int cut = 0;
        world.Wire.Tap = (from, to, datagram) =>
        {
            if (HandshakeTests.TypeOf(datagram) != type || cut > 0)
            {
                return true;
            }
            SimPeer victim = to == server.Address ? server : to == client.Address ? client : spender;
            for (int length = 0; length < datagram.Length; length++)
            {
                victim.Core.Receive(world.World.Now, from, datagram.ToArray().AsSpan(0, length));
                cut++;
            }
            return true;
        };

        _ = spender.Connect(server);
        _ = client.Connect(server);
        world.Run(1);

        Assert.True(cut > 0);
        _ = world.Connected(client);
        _ = world.Connected(spender);
        Assert.Equal(2, server.Core.SessionCount);
    }

    [Fact]
    public void A_flipped_bit_anywhere_in_an_init_leaves_no_session()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer server = world.AddMember();
        SimPeer client = world.AddMember();
        byte[] init = [];
        world.Wire.Tap = (_, _, datagram) =>
        {
            init = datagram.ToArray();
            return false;
        };
        _ = client.Connect(server);

        for (int i = 0; i < init.Length; i++)
        {
            byte[] mangled = [.. init];
            mangled[i] ^= 0x10;
            server.Core.Receive(world.World.Now, client.Address, mangled);
        }

        Assert.Equal(0, server.Core.SessionCount);
        Assert.False(server.Core.TryTransmit(world.World.Now, new byte[WireLimits.DatagramBytesMax], out _));
    }

    private static void Fill(Prng prng, Span<byte> target)
    {
        foreach (ref byte b in target)
        {
            b = (byte)prng.Next(256);
        }
    }
}
