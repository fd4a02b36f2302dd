using System;
using System.Buffers.Binary;
using System.Linq;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Simulations.Actors;
using Darkbloom.Simulations.Network;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

public sealed class InitMemoryTests
{
    private static readonly LinkModel _perfect = new() { Latency = TimeSpan.FromMilliseconds(10) };
    private static readonly UnixTime _clock = new(1_000_000);

    private readonly InitMemory _memory = new();

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    public void An_init_older_than_the_newest_is_refused(long secondsLater, bool isTaken)
    {
        Assert.True(_memory.TryNote(KeyOf(1), _clock, _clock));

        Assert.Equal(isTaken, _memory.TryNote(KeyOf(1), new UnixTime(_clock.Seconds + secondsLater), _clock));
        Assert.True(_memory.TryNote(KeyOf(2), new UnixTime(_clock.Seconds + secondsLater), _clock));
    }

    [Fact]
    public void A_clock_far_ahead_keeps_its_peer_out_for_the_skew_alone()
    {
        Assert.True(_memory.TryNote(KeyOf(1), new UnixTime(long.MaxValue), _clock));

        UnixTime soon = new(_clock.Seconds + Ticket.ClockSkewSecondsMax - 1);
        UnixTime later = new(_clock.Seconds + Ticket.ClockSkewSecondsMax);
        Assert.False(_memory.TryNote(KeyOf(1), soon, soon));
        Assert.True(_memory.TryNote(KeyOf(1), later, later));
    }

    [Theory]
    [InlineData(InitMemory.PeersMax - 1, false)]
    [InlineData(InitMemory.PeersMax, true)]
    [InlineData(InitMemory.PeersMax + 1, true)]
    public void Beyond_the_limit_the_peer_silent_for_longest_is_forgotten(int others, bool isForgotten)
    {
        Assert.True(_memory.TryNote(KeyOf(0), _clock, _clock));
        for (int i = 1; i <= others; i++)
        {
            Assert.True(_memory.TryNote(KeyOf(i), _clock, _clock));
        }

        Assert.Equal(Math.Min(others + 1, InitMemory.PeersMax), _memory.Count);
        Assert.Equal(isForgotten, _memory.TryNote(KeyOf(0), new UnixTime(1), _clock));
    }

    [Fact]
    public void A_recorded_init_opens_nothing_once_its_peer_came_again()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        byte[] recorded = [];
        world.Wire.Tap = (_, _, datagram) =>
        {
            recorded = recorded.Length == 0 ? datagram.ToArray() : recorded;
            return true;
        };
        _ = client.Connect(server);
        world.Run(1);
        client.Do(() => world.Told(client, PeerEventKind.Connected).First().Session!.Close(world.World.Now, 0, ""));
        world.Run(20);
        _ = client.Connect(server);
        world.Run(1);
        Assert.Equal(1, server.Core.SessionCount);

        server.Core.Receive(world.World.Now, PeerWorld.AddressOf(9), recorded);

        Assert.Equal(1, server.Core.Counters.InitsReplayed);
        Assert.Equal(0, server.Core.HalfOpenCount);
        Assert.False(server.Core.TryTransmit(world.World.Now, new byte[WireLimits.DatagramBytesMax], out _));
    }

    [Fact]
    public void A_peer_that_forgot_its_session_and_comes_again_frees_the_old_one_within_three_probe_timeouts()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(1);
        ConnectionId forgotten = world.Connected(client).LocalId;
        ConnectionId atServer = world.Accepted(server).LocalId;
        world.Wire.Tap = (_, _, datagram) => !DataPacketHeader.TryRead(datagram.Span, out DataPacketHeader header)
            || (header.Destination != forgotten && header.Destination != atServer);

        _ = client.Connect(server);
        world.Run(4);

        PeerEvent closed = world.Told(server).Single(e => e.Event.Kind == ConnectionEventKind.Closed);
        Assert.Equal(atServer, closed.Session!.LocalId);
        Assert.Equal(CloseCause.IdleTimeout, closed.Event.Reason!.Cause);
        Assert.Equal(1, server.Core.SessionCount);
    }

    [Fact]
    public void An_init_that_arrives_after_one_of_a_later_attempt_still_connects()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        int sent = 0;
        world.Wire.Tap = (_, _, _) => ++sent > 2; // the first Init and its repetition after a second are lost
        _ = client.Connect(server);
        world.Run(1.5);
        _ = client.Connect(server);
        world.Run(10);

        Assert.Equal(0, server.Core.Counters.InitsReplayed);
        Assert.Equal(2, world.Told(client, PeerEventKind.Connected).Count());
    }

    [Fact]
    public void Two_sessions_of_a_peer_that_lives_both_stay()
    {
        using PeerWorld world = new(link: _perfect);
        SimPeer client = world.AddMember();
        SimPeer server = world.AddMember();
        _ = client.Connect(server);
        world.Run(1);
        _ = client.Connect(server);
        world.Run(60);

        Assert.Equal(2, server.Core.SessionCount);
    }

    private static PublicKey KeyOf(int number)
    {
        byte[] bytes = new byte[PublicKey.Size];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return PublicKey.TryRead(bytes, out PublicKey key) ? key : throw new ArgumentOutOfRangeException(nameof(number));
    }
}
