using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Mesh.Transport.Paths;
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
    public void Nobody_tells_by_ids_or_numbers_that_two_paths_are_one_session()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        EchoActor echo = new(server);
        server.Told = echo.OnEvent;
        Exchange exchange = new(world.World, client, 2_000_000, pattern: 3);
        client.Told = e => exchange.OnEvent(client, e);
        exchange.Begin(server);
        PathAddress home = client.Address;
        PathAddress away = PathAddress.From(new System.Net.IPEndPoint(new System.Net.IPAddress([203, 0, 113, 7]), 4000));
        Dictionary<(PathAddress From, PathAddress To), Dictionary<ConnectionId, List<uint>>> seen = [];
        world.Wire.Tap = (from, to, datagram) =>
        {
            if (DataPacketHeader.TryRead(datagram.Span, out DataPacketHeader header))
            {
                if (!seen.TryGetValue((from, to), out Dictionary<ConnectionId, List<uint>>? ids))
                {
                    seen.Add((from, to), ids = []);
                }
                if (!ids.TryGetValue(header.Destination, out List<uint>? numbers))
                {
                    ids.Add(header.Destination, numbers = []);
                }
                numbers.Add(header.LowPacketNumber);
            }
            return true;
        };
        world.Run(0.1);
        client.Move(away);
        client.Do(() => client.Core.MigrateLocally(world.World.Now));
        world.Run(30);

        Assert.True(exchange.IsComplete);
        foreach (bool toServer in new[] { true, false })
        {
            Dictionary<ConnectionId, List<uint>> before = seen[toServer ? (home, server.Address) : (server.Address, home)];
            Dictionary<ConnectionId, List<uint>> after = seen[toServer ? (away, server.Address) : (server.Address, away)];
            Assert.Empty(before.Keys.Intersect(after.Keys));
            Assert.Single(after);
        }
        uint last = seen[(home, server.Address)].Values.Single().Max();
        Assert.True(seen[(away, server.Address)].Values.Single().Min() - last > 1000);
    }

    [Fact]
    public void Ids_come_back_and_are_forgotten_however_often_a_peer_moves()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(1);
        MeshSession session = world.Connected(client);
        for (int i = 0; i < 50; i++)
        {
            client.Move(PeerWorld.AddressOf(100 + i));
            client.Do(() => client.Core.MigrateLocally(world.World.Now));
            world.Run(10);
            Assert.InRange(session.Connection.LocalIds.All().Count(), 1, LocalConnectionIds.HeldMax);
            Assert.Equal(client.Address, world.Accepted(server).Path);
        }
        Assert.Equal(1, server.Core.SessionCount);
        client.Do(() => session.Close(world.World.Now, 0, ""));
        world.Run(10);
        Assert.Equal((0, 0), (client.Core.SessionCount, server.Core.SessionCount));
    }

    [Theory]
    [InlineData(MeshPeer.AnswersMax - 1, MeshPeer.AnswersMax - 1)]
    [InlineData(MeshPeer.AnswersMax, MeshPeer.AnswersMax)]
    [InlineData(MeshPeer.AnswersMax + 1, MeshPeer.AnswersMax)]
    public void Answers_that_wait_to_be_sent_are_limited(int inits, int answers)
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember(options => options with
        {
            Limits = new HandshakeLimits { WithoutCookie = new RateLimit(1, 0) },
        });
        byte[] init = [];
        world.Wire.Tap = (_, _, datagram) =>
        {
            init = datagram.ToArray();
            return false;
        };
        _ = client.Connect(server);
        for (int i = 0; i < inits; i++)
        {
            server.Core.Receive(world.World.Now, client.Address, [.. init]);
        }
        byte[] buffer = new byte[WireLimits.DatagramBytesMax];
        int sent = 0;
        while (server.Core.TryTransmit(world.World.Now, buffer, out Transmit transmit))
        {
            Assert.True(transmit.Length <= init.Length);
            sent++;
        }
        Assert.Equal(answers, sent);
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

    private static Comparer<PathAddress> ByAddress { get; } =
        Comparer<PathAddress>.Create((left, right) => left.Address.CompareTo(right.Address));
}
