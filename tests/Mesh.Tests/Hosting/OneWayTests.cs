using System;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Transport;
using Xunit;

namespace Darkbloom.Mesh.Tests.Hosting;

/// <summary>Unidirectional streams and datagrams, as an application meets them.</summary>
public sealed class OneWayTests
{
    private static readonly ConnectionOptions s_options = new() { UnidirectionalStreamsMax = 1, DatagramFrameBytesMax = 1200 };

    [Fact]
    public async Task A_unidirectional_stream_carries_bytes_to_its_end()
    {
        await using HostPair pair = HostPair.Over(new LoopbackNetwork(), s_options);
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        await using MeshStream writing = await client.OpenUnidirectionalStreamAsync(StreamPriority.Prompts, pair.Patience);
        await Streams.WriteAllAsync(writing, new byte[300_000], pair.Patience);
        await using MeshStream reading = await server.AcceptStreamAsync(pair.Patience);
        Assert.Equal(300_000, (await Streams.ReadAllAsync(reading, pair.Patience)).Length);
        await writing.WritesClosed.WaitAsync(pair.Patience);
        await reading.ReadsClosed.WaitAsync(pair.Patience);
    }

    [Fact]
    public async Task The_missing_direction_is_closed_from_the_start_and_refuses_use()
    {
        await using HostPair pair = HostPair.Over(new LoopbackNetwork(), s_options);
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        await using MeshStream writing = await client.OpenUnidirectionalStreamAsync(StreamPriority.Prompts, pair.Patience);
        await writing.WriteAsync(new byte[1], pair.Patience);
        await using MeshStream reading = await server.AcceptStreamAsync(pair.Patience);
        Assert.Equal((false, true, true, false), (writing.CanRead, writing.CanWrite, reading.CanRead, reading.CanWrite));
        Assert.True(writing.ReadsClosed.IsCompletedSuccessfully && reading.WritesClosed.IsCompletedSuccessfully);
        _ = await Assert.ThrowsAsync<NotSupportedException>(() => writing.ReadAsync(new byte[1], pair.Patience).AsTask());
        _ = await Assert.ThrowsAsync<NotSupportedException>(() => reading.WriteAsync(new byte[1], pair.Patience).AsTask());
        reading.CompleteWrites();
        reading.Abort(StreamDirection.Write, 1);
        Assert.Equal(1, await reading.ReadAsync(new byte[1], pair.Patience));
    }

    [Fact]
    public async Task Opening_waits_for_the_peer_in_order_and_can_be_cancelled()
    {
        await using HostPair pair = HostPair.Over(new LoopbackNetwork(), s_options);
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        MeshStream first = await client.OpenUnidirectionalStreamAsync(StreamPriority.Prompts, pair.Patience);
        using CancellationTokenSource cancel = new();
        Task<MeshStream> cancelled = client.OpenUnidirectionalStreamAsync(StreamPriority.Prompts, cancel.Token).AsTask();
        Task<MeshStream> second = client.OpenUnidirectionalStreamAsync(StreamPriority.Prompts, pair.Patience).AsTask();
        await cancel.CancelAsync();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.False(second.IsCompleted);
        first.CompleteWrites();
        _ = await Streams.ReadAllAsync(await server.AcceptStreamAsync(pair.Patience), pair.Patience);
        Assert.True((await second).CanWrite);
        Task<MeshStream> third = client.OpenUnidirectionalStreamAsync(StreamPriority.Prompts, pair.Patience).AsTask();
        await client.CloseAsync(3, "over");
        Assert.Equal(MeshError.ClosedLocally, (await Assert.ThrowsAsync<MeshException>(() => third)).Error);
    }

    [Fact]
    public async Task A_datagram_reaches_the_one_who_waits_for_it()
    {
        await using HostPair pair = HostPair.Over(new LoopbackNetwork(), s_options);
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        byte[] buffer = new byte[1200];
        Task<int> receiving = server.ReceiveDatagramAsync(buffer, pair.Patience).AsTask();
        Assert.True(client.TrySendDatagram(new byte[] { 1, 2, 3 }));
        Assert.Equal(3, await receiving);
        Assert.Equal([1, 2, 3], buffer[..3]);
        Assert.False(client.TrySendDatagram(new byte[client.DatagramBytesMax + 1]));
        Assert.Equal(0, server.DatagramBytesMax);
        Assert.False(server.TrySendDatagram(new byte[] { 1 }));
    }

    [Fact]
    public async Task Waiting_for_a_datagram_ends_with_its_token_or_the_session()
    {
        await using HostPair pair = HostPair.Over(new LoopbackNetwork(), s_options);
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        using CancellationTokenSource cancel = new();
        Task<int> receiving = server.ReceiveDatagramAsync(new byte[10], cancel.Token).AsTask();
        _ = await Assert.ThrowsAsync<InvalidOperationException>(() => server.ReceiveDatagramAsync(new byte[10], pair.Patience).AsTask());
        await cancel.CancelAsync();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving);
        receiving = server.ReceiveDatagramAsync(new byte[10], pair.Patience).AsTask();
        await client.CloseAsync(3, "over");
        Assert.Equal(MeshError.ClosedByPeer, (await Assert.ThrowsAsync<MeshException>(() => receiving)).Error);
        Assert.False(client.TrySendDatagram(new byte[] { 1 }));
    }
}
