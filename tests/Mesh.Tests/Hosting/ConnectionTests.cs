using System;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Simulations;
using Xunit;

namespace Darkbloom.Mesh.Tests.Hosting;

public sealed class ConnectionTests
{
    [Fact]
    public async Task Closing_tells_the_peer_why()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();

        await client.CloseAsync(42, "enough");

        Assert.Equal(
            new MeshCloseReason(MeshError.ClosedByPeer, 42, "enough"), await server.Closed.WaitAsync(pair.Patience));
        Assert.Equal(
            new MeshCloseReason(MeshError.ClosedLocally, 42, "enough"), await client.Closed.WaitAsync(pair.Patience));
    }

    [Fact]
    public async Task A_disposed_host_ends_its_peers_pending_calls_at_once()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        MeshStream stream = await client.OpenStreamAsync(StreamPriority.Control, pair.Patience);
        Task<int> reading = stream.ReadAsync(new byte[1], pair.Patience).AsTask();
        Task<MeshStream> accepting = client.AcceptStreamAsync(pair.Patience).AsTask();

        await pair.Server.DisposeAsync();

        Assert.Equal(MeshError.ClosedByPeer, (await Assert.ThrowsAsync<MeshException>(() => reading)).Error);
        Assert.Equal(MeshError.ClosedByPeer, (await Assert.ThrowsAsync<MeshException>(() => accepting)).Error);
        Assert.Equal(PeerCodes.Stopping, (await client.Closed).Code);
        Assert.Equal(MeshError.ClosedLocally, (await server.Closed).Error);
        _ = await Assert.ThrowsAsync<MeshException>(
            () => client.OpenStreamAsync(StreamPriority.Control, pair.Patience).AsTask());
    }

    [Fact]
    public async Task A_disposed_host_ends_its_own_pending_calls()
    {
        await using HostPair pair = HostPair.OverUdp();
        Task<MeshConnection> accepting = pair.Server.AcceptConnectionAsync(pair.Patience).AsTask();
        Task<MeshConnection> connecting =
            pair.Server.ConnectAsync(pair.Client.PublicKey, new IPEndPoint(IPAddress.Loopback, 9), pair.Patience).AsTask();

        await pair.Server.DisposeAsync();
        await pair.Server.DisposeAsync();

        Assert.Equal(MeshError.ClosedLocally, (await Assert.ThrowsAsync<MeshException>(() => accepting)).Error);
        Assert.Equal(MeshError.ClosedLocally, (await Assert.ThrowsAsync<MeshException>(() => connecting)).Error);
        _ = await Assert.ThrowsAsync<ObjectDisposedException>(() => pair.Server.ConnectAsync(
            pair.Client.PublicKey, pair.Client.LocalEndPoint, pair.Patience).AsTask());
    }

    [Fact]
    public async Task A_cancelled_attempt_leaves_nothing()
    {
        LoopbackNetwork network = new() { Tap = (_, _, _) => false };
        await using HostPair pair = HostPair.Over(network);
        using CancellationTokenSource cancel = new();
        Task<MeshConnection> connecting =
            pair.Client.ConnectAsync(pair.Server.PublicKey, pair.Server.LocalEndPoint, cancel.Token).AsTask();

        await cancel.CancelAsync();

        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        Assert.Equal(0, pair.Client.Statistics.Sessions);
    }

    [Fact]
    public async Task A_stranger_is_refused_and_learns_why()
    {
        await using HostPair pair = HostPair.OverUdp();
        using PeerIdentity identity = HostPair.NewIdentity();
        await using MeshHost stranger = HostPair.Start(identity);

        MeshException error = await Assert.ThrowsAsync<MeshException>(() => stranger.ConnectAsync(
            pair.Server.PublicKey, pair.Server.LocalEndPoint, pair.Patience).AsTask());

        Assert.Equal(MeshError.TicketRejected, error.Error);
        Assert.Equal((ulong)TicketVerdict.Malformed, error.Code);
        Assert.Equal(0, pair.Server.Statistics.Sessions);
        Assert.Equal(1, pair.Server.Statistics.Peer.TicketsRejected);
    }

    [Fact]
    public async Task A_member_refuses_a_responder_with_a_forged_ticket()
    {
        await using HostPair pair = HostPair.OverUdp();
        using SimTickets forger = new(new Prng(5), HostPair.Network);
        HostPair.Admit(pair.Server, forger);

        MeshException error = await Assert.ThrowsAsync<MeshException>(() => pair.Client.ConnectAsync(
            pair.Server.PublicKey, pair.Server.LocalEndPoint, pair.Patience).AsTask());

        Assert.Equal(MeshError.TicketRejected, error.Error);
        Assert.Equal((ulong)TicketVerdict.UnknownSigner, error.Code);
    }

    [Fact]
    public async Task Garbage_beside_a_session_does_not_disturb_it()
    {
        LoopbackNetwork network = new();
        await using HostPair pair = HostPair.Over(network);
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        PathAddress target = PathAddress.From(pair.Server.LocalEndPoint);
        Prng prng = new(3);
        byte[] garbage = new byte[1400];
        Task echo = Streams.EchoOneAsync(server, pair.Patience);

        for (int i = 0; i < 1000; i++)
        {
            new SeededEntropy(prng).Fill(garbage);
            garbage[0] = (byte)(0x40 | (i % 4 * 8));
            _ = network.Deliver(PathAddress.From(pair.Client.LocalEndPoint), target, garbage.AsSpan(0, 1 + prng.Next(1400)));
        }

        Assert.True(await Streams.RoundTripAsync(client, new byte[50_000], pair.Patience));
        await echo;
        Assert.False(server.Closed.IsCompleted);
    }

    [Fact]
    public async Task Sessions_that_nobody_accepts_are_refused_beyond_the_queue()
    {
        LoopbackNetwork network = new();
        await using HostPair pair = HostPair.Over(network);
        MeshConnection last = null!;
        for (int i = 0; i <= MeshHost.AcceptQueueMax; i++)
        {
            last = await pair.Client.ConnectAsync(pair.Server.PublicKey, pair.Server.LocalEndPoint, pair.Patience);
        }

        MeshCloseReason reason = await last.Closed.WaitAsync(pair.Patience);

        Assert.Equal(MeshError.Refused, reason.Error);
        Assert.Equal(MeshHost.AcceptQueueMax, pair.Server.Statistics.Sessions);
    }

    [Fact]
    public async Task Streams_that_nobody_accepts_are_refused_beyond_the_queue()
    {
        LoopbackNetwork network = new();
        await using HostPair pair = HostPair.Over(network, new ConnectionOptions { StreamsMax = MeshConnection.AcceptQueueMax + 1 });
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        MeshStream last = null!;
        for (int i = 0; i <= MeshConnection.AcceptQueueMax; i++)
        {
            last = await client.OpenStreamAsync(StreamPriority.Tokens, pair.Patience);
            await last.WriteAsync(new byte[1], pair.Patience);
        }

        MeshException refused = await Assert.ThrowsAsync<MeshException>(
            async () => await last.ReadExactlyAsync(new byte[1], pair.Patience));
        Assert.Equal(PeerCodes.Busy, refused.Code);
        for (int i = 0; i < MeshConnection.AcceptQueueMax; i++)
        {
            _ = await server.AcceptStreamAsync(pair.Patience);
        }
    }

    [Fact]
    public async Task Statistics_count_what_happened()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshConnection client, _) = await pair.ConnectAsync();

        MeshStatistics statistics = pair.Client.Statistics;

        Assert.Equal(1, statistics.Sessions);
        Assert.Equal(1, statistics.Peer.HandshakesInitiated);
        Assert.True(statistics.Port.DatagramsSent >= 2);
        Assert.True(statistics.Port.BytesSent >= 1200);
        Assert.True(client.SmoothedRtt >= TimeSpan.Zero);
    }
}
