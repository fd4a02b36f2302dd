using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Simulations;
using Darkbloom.Simulations.Actors;
using Darkbloom.Simulations.Network;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

public sealed class SessionTests
{
    private static readonly LinkModel _perfect = new() { Latency = TimeSpan.FromMilliseconds(10) };

    [Fact]
    public void A_session_follows_its_peer_to_another_address_without_losing_a_byte()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        EchoActor echo = new(server);
        MeshSession? accepted = null;
        server.Told = e =>
        {
            accepted ??= e.Session;
            echo.OnEvent(e);
        };
        Exchange exchange = new(world.World, client, 2_000_000, pattern: 3);
        client.Told = e => exchange.OnEvent(client, e);
        exchange.Begin(server);
        world.Run(0.1);
        Assert.False(exchange.IsComplete);

        client.Move(PeerWorld.AddressOf(200));
        world.Run(30);

        Assert.True(exchange.IsComplete);
        Assert.Equal(PeerWorld.AddressOf(200), accepted!.Path);
    }

    [Fact]
    public void A_session_sends_its_burst_before_the_next_one_has_its_turn()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer sender = world.AddMember();
        SimPeer[] targets = [world.AddMember(), world.AddMember(), world.AddMember()];
        foreach (SimPeer target in targets)
        {
            _ = sender.Connect(target);
        }
        world.Run(1);
        foreach (PeerEvent connected in world.Told(sender, PeerEventKind.Connected))
        {
            StreamId stream = connected.Session!.OpenStream(StreamPriority.Bulk)!.Value;
            _ = connected.Session.Write(stream, new byte[50_000]);
        }

        byte[] buffer = new byte[WireLimits.DatagramBytesMax];
        List<PathAddress> order = [];
        while (sender.Core.TryTransmit(world.World.Now, buffer, out Transmit transmit))
        {
            order.Add(transmit.Target);
        }

        int burst = order.Count / targets.Length;
        Assert.True(burst > 1);
        Assert.Equal([.. targets.Select(target => target.Address)], order.Chunk(burst).Select(turn => turn[0]).Order(ByAddress));
        Assert.All(order.Chunk(burst), turn => Assert.Single(turn.Distinct()));
    }

    [Fact]
    public void Packets_in_steady_state_allocate_next_to_nothing()
    {
        World world = new(1);
        using SimTickets tickets = new(world.Fork(), PeerWorld.Network);
        using DirectPair pair = new(world, tickets);
        pair.RoundTrips(2_000);

        long before = GC.GetAllocatedBytesForCurrentThread();
        long packets = pair.RoundTrips(2_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(packets >= 4_000, $"{packets} packets");
        Assert.True(allocated <= 16 * packets, $"{allocated} bytes for {packets} packets");
    }

    private static System.Collections.Generic.Comparer<PathAddress> ByAddress { get; } =
        System.Collections.Generic.Comparer<PathAddress>.Create((left, right) => left.Address.CompareTo(right.Address));
}
