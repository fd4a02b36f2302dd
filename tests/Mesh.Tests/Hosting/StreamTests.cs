using System;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Transport;
using Xunit;

namespace Darkbloom.Mesh.Tests.Hosting;

public sealed class StreamTests
{
    [Fact]
    public async Task A_reset_fails_the_peers_reads_with_the_code()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshStream client, MeshStream server) = await OpenAsync(pair);

        _ = await ReadAsync(server, pair);
        client.Abort(StreamDirection.Write, 77);
        MeshException error = await Assert.ThrowsAsync<MeshException>(() => ReadAsync(server, pair));

        Assert.Equal(MeshError.StreamReset, error.Error);
        Assert.Equal(77UL, error.Code);
        MeshException closed = await Assert.ThrowsAsync<MeshException>(() => server.ReadsClosed);
        Assert.Equal(77UL, closed.Code);
    }

    [Fact]
    public async Task A_reader_that_stops_fails_the_peers_writes_with_the_code()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshStream client, MeshStream server) = await OpenAsync(pair);

        server.Abort(StreamDirection.Read, 78);
        MeshException error = await Assert.ThrowsAsync<MeshException>(() => WriteForEverAsync(client, pair));

        Assert.Equal(MeshError.StreamReset, error.Error);
        Assert.Equal(78UL, error.Code);
    }

    [Fact]
    public async Task Disposing_an_unfinished_stream_aborts_both_directions()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshStream client, MeshStream server) = await OpenAsync(pair);

        _ = await ReadAsync(server, pair);
        await client.DisposeAsync();

        _ = await Assert.ThrowsAsync<MeshException>(() => ReadAsync(server, pair));
        _ = await Assert.ThrowsAsync<MeshException>(() => WriteForEverAsync(server, pair));
        _ = await Assert.ThrowsAsync<ObjectDisposedException>(() => ReadAsync(client, pair));
    }

    [Fact]
    public async Task Disposing_after_the_writes_ended_still_delivers_them()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshStream client, MeshStream server) = await OpenAsync(pair);
        byte[] sent = new byte[500_000];
        await client.WriteAsync(sent, pair.Patience);
        client.CompleteWrites();

        await client.DisposeAsync();

        Assert.Equal(1 + sent.Length, (await Streams.ReadAllAsync(server, pair.Patience)).Length);
    }

    [Fact]
    public async Task A_cancelled_read_leaves_the_stream_usable()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshStream client, MeshStream server) = await OpenAsync(pair);
        _ = await ReadAsync(server, pair);
        using CancellationTokenSource cancel = new();
        Task<int> reading = server.ReadAsync(new byte[10], cancel.Token).AsTask();

        await cancel.CancelAsync();
        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        await client.WriteAsync(new byte[] { 5 }, pair.Patience);
        byte[] buffer = new byte[10];

        Assert.Equal(cancel.Token, cancelled.CancellationToken);
        Assert.Equal(1, await server.ReadAsync(buffer, pair.Patience));
        Assert.Equal(5, buffer[0]);
    }

    [Fact]
    public async Task A_cancelled_write_leaves_the_stream_usable()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshStream client, MeshStream server) = await OpenAsync(pair);
        using CancellationTokenSource cancel = new();
        Task writing = client.WriteAsync(new byte[64 * 1024 * 1024], cancel.Token).AsTask();
        Assert.False(writing.IsCompleted); // the peer doesn't read: its window shuts

        await cancel.CancelAsync();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
        Task<byte[]> reading = Streams.ReadAllAsync(server, pair.Patience);
        await client.WriteAsync(new byte[] { 9 }, pair.Patience);
        client.CompleteWrites();

        byte[] all = await reading;
        Assert.Equal(9, all[^1]);
        Assert.InRange(all.Length, 2, 64 * 1024 * 1024);
    }

    [Fact]
    public async Task A_writer_waits_for_a_reader_that_does_not_read()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshStream client, MeshStream server) = await OpenAsync(pair);
        Task writing = client.WriteAsync(new byte[32 * 1024 * 1024], pair.Patience).AsTask();

        Assert.False(writing.IsCompleted);
        byte[] buffer = new byte[64 * 1024];
        long read = 0;
        while (read < 1 + (32 * 1024 * 1024))
        {
            read += await server.ReadAsync(buffer, pair.Patience);
        }

        await writing;
    }

    [Fact]
    public async Task Closing_directions_are_told()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshStream client, MeshStream server) = await OpenAsync(pair);

        client.CompleteWrites();
        _ = await Streams.ReadAllAsync(server, pair.Patience);

        await client.WritesClosed.WaitAsync(pair.Patience);
        await server.ReadsClosed.WaitAsync(pair.Patience);
        Assert.False(client.ReadsClosed.IsCompleted);
        Assert.False(server.WritesClosed.IsCompleted);
        Assert.Equal(0, await server.ReadAsync(new byte[1], pair.Patience));
    }

    [Fact]
    public async Task A_write_after_the_writes_were_completed_is_the_callers_fault()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshStream client, _) = await OpenAsync(pair);
        client.CompleteWrites();

        _ = await Assert.ThrowsAsync<InvalidOperationException>(() => client.WriteAsync(new byte[1], pair.Patience).AsTask());
    }

    [Fact]
    public async Task A_second_read_at_the_same_time_is_the_callers_fault()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshStream client, _) = await OpenAsync(pair);
        Task<int> first = client.ReadAsync(new byte[1], pair.Patience).AsTask();

        _ = await Assert.ThrowsAsync<InvalidOperationException>(() => ReadAsync(client, pair));
        Assert.False(first.IsCompleted);
    }

    [Fact]
    public async Task Synchronous_calls_are_not_supported()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshStream client, _) = await OpenAsync(pair);

        _ = Assert.Throws<NotSupportedException>(() => client.Read(new byte[1], 0, 1));
        _ = Assert.Throws<NotSupportedException>(() => client.Write(new byte[1], 0, 1));
    }

    [Fact]
    public async Task Streams_beyond_the_peers_limit_wait_for_one_to_end()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        MeshStream[] streams = new MeshStream[new ConnectionOptions().StreamsMax];
        for (int i = 0; i < streams.Length; i++)
        {
            streams[i] = await client.OpenStreamAsync(StreamPriority.Bulk, pair.Patience);
        }
        Task<MeshStream> waiting = client.OpenStreamAsync(StreamPriority.Bulk, pair.Patience).AsTask();
        Assert.False(waiting.IsCompleted);

        await Streams.WriteAllAsync(streams[0], new byte[1], pair.Patience);
        MeshStream other = await server.AcceptStreamAsync(pair.Patience);
        _ = await Streams.ReadAllAsync(other, pair.Patience);
        other.CompleteWrites();
        _ = await Streams.ReadAllAsync(streams[0], pair.Patience);

        Assert.True((await waiting).CanWrite);
    }

    /// <summary>A stream that both sides know: the client has sent one byte on it.</summary>
    private static async Task<(MeshStream Client, MeshStream Server)> OpenAsync(HostPair pair)
    {
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        MeshStream opened = await client.OpenStreamAsync(StreamPriority.Tokens, pair.Patience);
        await opened.WriteAsync(new byte[1], pair.Patience);
        return (opened, await server.AcceptStreamAsync(pair.Patience));
    }

    private static Task<int> ReadAsync(MeshStream stream, HostPair pair) =>
        stream.ReadAsync(new byte[1], pair.Patience).AsTask();

    private static async Task WriteForEverAsync(MeshStream stream, HostPair pair)
    {
        while (true)
        {
            await stream.WriteAsync(new byte[1000], pair.Patience);
        }
    }
}
