using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Peering;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Simulations.Actors;
using Darkbloom.Simulations.Network;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

/// <summary>What strangers, and members without measure, may cost a peer.</summary>
public sealed class FloodTests
{
    private static readonly LinkModel _perfect = new() { Latency = TimeSpan.FromMilliseconds(10) };

    [Fact]
    public void An_init_with_a_wrong_mac_allocates_nothing_and_is_not_answered()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer server = world.AddMember();
        byte[] init = new byte[WireLimits.InitBytesMin];
        InitPacket.WriteHeader(new ConnectionId(7), init);
        PathAddress from = PeerWorld.AddressOf(9);
        server.Core.Receive(world.World.Now, from, init);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            init[20] = (byte)(i % 256);
            server.Core.Receive(world.World.Now, from, init);
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.Equal(1001, server.Core.Counters.InitsWithoutMac);
        Assert.False(server.Core.TryTransmit(world.World.Now, init, out _));
        Assert.Null(server.Core.NextTimeout);
    }

    /// <summary>Right macs, since the key for them is public; other addresses and messages each time.</summary>
    [Fact]
    public void Fifty_thousand_spoofed_inits_a_second_leave_no_state_little_garbage_and_an_exchange_undisturbed()
    {
        const int perMillisecond = 50;
        const int milliseconds = 1000;
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        EchoActor echo = new(server);
        server.Told = echo.OnEvent;
        Exchange exchange = new(world.World, client, 2_000_000, pattern: 5);
        client.Told = e => exchange.OnEvent(client, e);
        exchange.Begin(server);
        world.Run(0.1);
        Spoof spoof = new(server);

        long allocated = 0;
        for (int i = 0; i < milliseconds; i++)
        {
            for (int k = 0; k < perMillisecond; k++)
            {
                spoof.Next();
                long before = GC.GetAllocatedBytesForCurrentThread();
                server.Core.Receive(world.World.Now, spoof.From, spoof.Init);
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            }
            server.Do(() => { });
            world.Run(0.001);
        }
        world.Run(30);

        PeerCounters counted = server.Core.Counters;
        Assert.True(exchange.IsComplete, exchange.Failure);
        Assert.Equal(perMillisecond * milliseconds, counted.RetriesSent + counted.InitsForged);
        Assert.InRange(counted.InitsForged, 1, 250);
        Assert.Equal((1, 0), (server.Core.SessionCount, server.Core.HalfOpenCount));
        Assert.InRange(allocated, 0, perMillisecond * milliseconds * 512L);
    }

    [Theory]
    [InlineData(MeshPeer.AnswersMax - 1, MeshPeer.AnswersMax - 1)]
    [InlineData(MeshPeer.AnswersMax, MeshPeer.AnswersMax)]
    [InlineData(MeshPeer.AnswersMax + 1, MeshPeer.AnswersMax)]
    public void Answers_that_wait_have_a_limit(int inits, int answers)
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer server = world.AddMember(options => options with
        {
            Limits = new HandshakeLimits { WithoutCookie = new RateLimit(PerSecond: 1, Burst: 1) },
        });
        Spoof spoof = new(server);
        for (int i = 0; i <= inits; i++)
        {
            spoof.Next(); // the first is read and forged, each further one gets a Retry
            server.Core.Receive(world.World.Now, spoof.From, spoof.Init);
        }

        byte[] buffer = new byte[WireLimits.DatagramBytesMax];
        int sent = 0;
        while (server.Core.TryTransmit(world.World.Now, buffer, out _))
        {
            sent++;
        }

        Assert.Equal(answers, sent);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 1)]
    public void Sessions_have_a_limit(int clients, int dropped)
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer server = world.AddMember(options => options with { Limits = new HandshakeLimits { SessionsMax = 2 } });
        for (int i = 0; i < clients; i++)
        {
            _ = world.AddMember().Connect(server);
        }
        world.Run(0.5);

        Assert.Equal(clients - dropped, server.Core.SessionCount);
        Assert.Equal(dropped, server.Core.Counters.InitsOverSessionsMax);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 1)]
    public void A_peer_with_too_many_sessions_loses_its_oldest(int sessions, int closed)
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer server = world.AddMember(options => options with { Limits = new HandshakeLimits { SessionsPerPeerMax = 2 } });
        SimPeer other = world.AddMember();
        SimPeer client = world.AddMember();
        _ = other.Connect(server);
        List<MeshSession> opened = [];
        for (int i = 0; i < sessions; i++)
        {
            _ = client.Connect(server);
            world.Run(1);
            opened.Add(world.Told(client, PeerEventKind.Connected).Last().Session!);
        }

        Assert.Equal(closed, opened.Count(session => session.Connection.CloseReason is not null));
        Assert.True(closed == 0 || opened[0].Connection.CloseReason!.Code == PeerCodes.Busy);
        Assert.Null(world.Closed(other));
    }

    /// <summary>An Init that gets past the first check of its target and no further.</summary>
    private sealed class Spoof(SimPeer target)
    {
        private readonly HandshakeMac _mac = new(target.Identity.PublicKey);
        private uint _count;

        public byte[] Init { get; } = new byte[WireLimits.InitBytesMin];

        public PathAddress From { get; private set; }

        public void Next()
        {
            _count++;
            Span<byte> message = stackalloc byte[200];
            message.Fill((byte)(_count % 256));
            From = new PathAddress(new UInt128(0x2001_0DB8_0000_0000UL | _count, 1), 4000);
            _ = new InitPacket(new ConnectionId(_count), RetryCookie.None, message).Write(Init, _mac);
        }
    }
}
