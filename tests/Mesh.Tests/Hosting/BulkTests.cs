using System;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Packets;
using Xunit;

namespace Darkbloom.Mesh.Tests.Hosting;

/// <summary>Many bytes one way over real sockets, with the calls of this system and with those of every system.</summary>
public sealed class BulkTests
{
    private const int Bytes = 32 * 1024 * 1024;

    [Fact]
    public async Task Bulk_leaves_in_runs_of_many_datagrams()
    {
        // On loopback a session would find jumbo datagrams, of which no more than seven fit a call.
        ConnectionOptions ethernet = new() { DatagramBytesMax = WireLimits.DatagramBytesOfEthernet };
        await using HostPair pair = HostPair.OverUdp(client: ethernet);
        await TransferAsync(pair);

        PortStatistics sent = pair.Client.Statistics.Port;
        if (OperatingSystem.IsLinux())
        {
            // A few bytes between the sizes of a run's datagrams would bring this down to 1 without any other sign.
            Assert.True(sent.DatagramsSent >= 16 * sent.SendCalls, $"{sent}");
        }
    }

    [Fact]
    public async Task Bulk_arrives_whole_by_portable_calls()
    {
        await using HostPair pair = HostPair.OverUdp(UdpCalls.Portable);
        await TransferAsync(pair);

        PortStatistics sent = pair.Client.Statistics.Port;
        Assert.Equal(sent.DatagramsSent, sent.SendCalls);
    }

    [Fact]
    public async Task A_caller_that_blocks_its_thread_holds_up_no_other()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        (MeshStream blockedNear, MeshStream blockedFar) = await OpenAsync(pair, client, server);
        (MeshStream near, MeshStream far) = await OpenAsync(pair, client, server);
        using ManualResetEventSlim release = new();
        Task blocked = Task.Run(async () =>
        {
            await blockedFar.ReadExactlyAsync(new byte[1], pair.Patience);
            release.Wait(pair.Patience);
        });

        await blockedNear.WriteAsync(new byte[1], pair.Patience);
        for (int i = 0; i < 100; i++)
        {
            await near.WriteAsync(new byte[1], pair.Patience);
            await far.ReadExactlyAsync(new byte[1], pair.Patience);
        }

        release.Set();
        await blocked;
    }

    private static async Task TransferAsync(HostPair pair)
    {
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        (MeshStream near, MeshStream far) = await OpenAsync(pair, client, server);
        Task<int> reading = ReadAsync(far, pair.Patience);
        byte[] chunk = new byte[64 * 1024];
        for (int offset = 0; offset < Bytes; offset += chunk.Length)
        {
            chunk.AsSpan().Fill((byte)(offset / chunk.Length % 251));
            await near.WriteAsync(chunk, pair.Patience);
        }
        near.CompleteWrites();
        Assert.Equal(Bytes, await reading);
    }

    private static async Task<int> ReadAsync(MeshStream stream, CancellationToken patience)
    {
        byte[] buffer = new byte[64 * 1024];
        int total = 0;
        while (true)
        {
            int read = await stream.ReadAsync(buffer, patience);
            for (int i = 0; i < read; i += 997)
            {
                Assert.Equal((byte)((total + i) / buffer.Length % 251), buffer[i]);
            }
            total += read;
            if (read == 0)
            {
                return total;
            }
        }
    }

    private static async Task<(MeshStream Near, MeshStream Far)> OpenAsync(HostPair pair, MeshConnection client, MeshConnection server)
    {
        MeshStream near = await client.OpenStreamAsync(StreamPriority.Bulk, pair.Patience);
        await near.WriteAsync(new byte[1], pair.Patience);
        MeshStream far = await server.AcceptStreamAsync(pair.Patience);
        await far.ReadExactlyAsync(new byte[1], pair.Patience);
        return (near, far);
    }
}
