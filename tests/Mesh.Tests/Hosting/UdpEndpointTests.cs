using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Primitives;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Darkbloom.Mesh.Tests.Hosting;

public sealed class UdpEndpointTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", UdpCalls.Fastest)]
    [InlineData("127.0.0.1", "127.0.0.1", UdpCalls.Portable)]
    [InlineData("::1", "::1", UdpCalls.Fastest)]
    [InlineData("::1", "::1", UdpCalls.Portable)]
    [InlineData("::", "127.0.0.1", UdpCalls.Fastest)]
    [InlineData("::", "::1", UdpCalls.Fastest)]
    [InlineData("0.0.0.0", "127.0.0.1", UdpCalls.Fastest)]
    public async Task Datagrams_pass_with_the_senders_address(string bind, string sender, UdpCalls calls)
    {
        using UdpEndpoint target = Open(bind, calls);
        using UdpEndpoint source = Open(sender, calls);
        Channel<(PathAddress From, byte[] Datagram)> arrived = Listen(target);

        Send(source, [1, 2, 3], new PathAddress(PathAddress.From(source.LocalEndPoint).Address, (ushort)target.LocalEndPoint.Port));

        (PathAddress from, byte[] datagram) = await arrived.Reader.ReadAsync().AsTask().WaitAsync(_patience);
        Assert.Equal(PathAddress.From(source.LocalEndPoint), from);
        Assert.Equal([1, 2, 3], datagram);
        Assert.Equal(1, source.Statistics.DatagramsSent);
    }

    [Theory]
    [InlineData(UdpCalls.Fastest)]
    [InlineData(UdpCalls.Portable)]
    public async Task A_burst_of_mixed_sizes_and_targets_arrives_datagram_by_datagram(UdpCalls calls)
    {
        using UdpEndpoint source = Open("::", calls);
        using UdpEndpoint v4 = Open("127.0.0.1", calls);
        using UdpEndpoint v6 = Open("::1", calls);
        (UdpEndpoint Target, Channel<(PathAddress From, byte[] Datagram)> Arrived)[] targets = [(v4, Listen(v4)), (v6, Listen(v6))];
        (int Target, int Length)[] burst =
            [(0, 1200), (0, 1200), (0, 1200), (0, 1197), (0, 1200), (1, 1200), (1, 1200), (0, 1452), (0, 60), (0, 60), (1, 1), (0, 0), (0, 1200)];

        foreach ((int target, int length) in burst)
        {
            source.Send(Pattern(length), PathAddress.From(targets[target].Target.LocalEndPoint));
        }
        source.Flush();

        foreach ((int target, int length) in burst)
        {
            (_, byte[] datagram) = await targets[target].Arrived.Reader.ReadAsync().AsTask().WaitAsync(_patience);
            Assert.Equal(Pattern(length), datagram);
        }
        Assert.Equal(burst.Length, source.Statistics.DatagramsSent);
        Assert.Equal(0, source.Statistics.SendsDropped);
    }

    [Fact]
    public void A_datagram_of_another_size_or_target_ends_a_run()
    {
        PathAddress here = new(1, 1);
        PathAddress there = new(2, 1);
        SendRun run = new();
        Assert.True(run.TryAdd(Pattern(1200), here));
        Assert.False(run.TryAdd(Pattern(1200), there));
        Assert.False(run.TryAdd(Pattern(1201), here));
        Assert.True(run.TryAdd(Pattern(1197), here));
        Assert.False(run.TryAdd(Pattern(1197), here));
        Assert.Equal(2, run.Count);
        Assert.Equal(Pattern(1197), run[1].ToArray());

        run.Clear();
        for (int i = 0; i < SendRun.DatagramsMax; i++)
        {
            Assert.True(run.TryAdd(Pattern(100), here));
        }
        Assert.False(run.TryAdd(Pattern(100), here));

        run.Clear();
        for (int i = 0; i < SendRun.BytesMax / 1452; i++)
        {
            Assert.True(run.TryAdd(Pattern(1452), here));
        }
        Assert.False(run.TryAdd(Pattern(1452), here));
        Assert.True(run.TryAdd(Pattern(SendRun.BytesMax % 1452), here));
    }

    [Theory]
    [InlineData(UdpCalls.Fastest)]
    [InlineData(UdpCalls.Portable)]
    public async Task Neither_way_allocates_per_datagram(UdpCalls calls)
    {
        const int warmUp = 2_000;
        const int measured = 20_000;
        using UdpEndpoint target = Open("127.0.0.1", calls);
        using UdpEndpoint source = Open("127.0.0.1", calls);
        PathAddress to = PathAddress.From(target.LocalEndPoint);
        using SemaphoreSlim room = new(32, 32);
        long count = 0;
        long before = 0;
        TaskCompletionSource<long> allocated = new(TaskCreationOptions.RunContinuationsAsynchronously);
        target.Start(batch =>
        {
            for (int i = 0; i < batch.Count; i++)
            {
                before = ++count == warmUp ? GC.GetAllocatedBytesForCurrentThread() : before;
                if (count == warmUp + measured)
                {
                    allocated.SetResult(GC.GetAllocatedBytesForCurrentThread() - before);
                }
            }
            _ = room.Release(batch.Count);
            return null;
        });

        long sent = await Task.Run(() =>
        {
            byte[] datagram = Pattern(1200);
            long start = 0;
            for (int i = 0; i < warmUp + measured; i++)
            {
                start = i == warmUp ? GC.GetAllocatedBytesForCurrentThread() : start;
                Assert.True(room.Wait(_patience));
                source.Send(datagram, to);
                if (i % 16 == 15)
                {
                    source.Flush();
                }
            }
            source.Flush();
            return GC.GetAllocatedBytesForCurrentThread() - start;
        });

        // The semaphore and the runtime itself may allocate once in a while; the smallest object for each datagram would be 24 times this.
        Assert.InRange(sent, 0, measured);
        Assert.InRange(await allocated.Task.WaitAsync(_patience), 0, measured);
    }

    [Fact]
    public void The_system_refuses_to_cut_datagrams()
    {
        if (OperatingSystem.IsLinux())
        {
            using Socket v4 = UdpSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0), NullLogger.Instance);
            using Socket v6 = UdpSockets.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0), NullLogger.Instance);
            byte[] value = new byte[sizeof(int)];
            _ = v4.GetRawSocketOption(0, 10, value);
            Assert.Equal(3, BitConverter.ToInt32(value));
            _ = v6.GetRawSocketOption(41, 23, value);
            Assert.Equal(3, BitConverter.ToInt32(value));
        }
    }

    [Fact]
    public void Both_families_share_one_port()
    {
        using UdpEndpoint endpoint = Open("::");
        using UdpEndpoint other = Open("::");

        Assert.NotEqual(endpoint.LocalEndPoint.Port, other.LocalEndPoint.Port);
        SocketException taken = Assert.Throws<SocketException>(
            () => new UdpEndpoint(new IPEndPoint(IPAddress.Any, endpoint.LocalEndPoint.Port), NullLogger.Instance));
        Assert.Equal(SocketError.AddressAlreadyInUse, taken.SocketErrorCode);
    }

    [Fact]
    public async Task Sends_that_cannot_be_do_not_end_the_port()
    {
        using UdpEndpoint endpoint = Open("127.0.0.1");
        Channel<(PathAddress From, byte[] Datagram)> arrived = Listen(endpoint);
        int deadPort = DeadPort();

        Send(endpoint, [1], PathAddress.From(new IPEndPoint(IPAddress.IPv6Loopback, 4000))); // no such family
        Send(endpoint, new byte[65_535], PathAddress.From(endpoint.LocalEndPoint)); // longer than UDP allows
        Send(endpoint, [1], PathAddress.From(new IPEndPoint(IPAddress.Loopback, 0))); // no such port
        for (int i = 0; i < 10; i++)
        {
            Send(endpoint, [1], PathAddress.From(new IPEndPoint(IPAddress.Loopback, deadPort))); // ICMP comes back
        }
        Send(endpoint, [7], PathAddress.From(endpoint.LocalEndPoint));

        (_, byte[] datagram) = await arrived.Reader.ReadAsync().AsTask().WaitAsync(_patience);
        Assert.Equal([7], datagram);
        Assert.Equal(3, endpoint.Statistics.SendsDropped);
    }

    [Fact]
    public async Task An_empty_datagram_is_delivered_like_any_other()
    {
        using UdpEndpoint endpoint = Open("127.0.0.1");
        Channel<(PathAddress From, byte[] Datagram)> arrived = Listen(endpoint);

        Send(endpoint, [], PathAddress.From(endpoint.LocalEndPoint));
        Send(endpoint, [2], PathAddress.From(endpoint.LocalEndPoint));

        Assert.Empty((await arrived.Reader.ReadAsync().AsTask().WaitAsync(_patience)).Datagram);
        Assert.Equal([2], (await arrived.Reader.ReadAsync().AsTask().WaitAsync(_patience)).Datagram);
    }

    [Fact]
    public void Disposal_ends_the_receive_thread_and_is_repeatable()
    {
        UdpEndpoint endpoint = Open("127.0.0.1");
        _ = Listen(endpoint);

        endpoint.Dispose();
        endpoint.Dispose();
        Send(endpoint, [1], PathAddress.From(new IPEndPoint(IPAddress.Loopback, 4000)));

        Assert.Equal(0, endpoint.Statistics.DatagramsSent);
    }

    [Fact]
    public void An_address_in_use_is_the_callers_fault()
    {
        using UdpEndpoint endpoint = Open("127.0.0.1");

        _ = Assert.Throws<SocketException>(() => new UdpEndpoint(endpoint.LocalEndPoint, NullLogger.Instance));
    }

    [Fact]
    public void Addresses_survive_the_way_to_the_system_and_back()
    {
        IPEndPoint[] endPoints =
        [
            new(IPAddress.Parse("192.0.2.7"), 1),
            new(IPAddress.Parse("255.255.255.254"), 65_535),
            new(IPAddress.Parse("2001:db8::1"), 4000),
        ];
        foreach (IPEndPoint endPoint in endPoints)
        {
            PathAddress address = PathAddress.From(endPoint);

            SocketAddress native = new SocketAddresses().ToSocket(address);
            Assert.Equal(endPoint.AddressFamily, native.Family);
            Assert.Equal(address, SocketAddresses.FromSocket(native.Buffer.Span, native.Family));
        }
    }

    [Fact]
    public void The_cache_of_destinations_is_bounded()
    {
        SocketAddresses addresses = new();
        for (int i = 1; i <= SocketAddresses.CachedMax + 1; i++)
        {
            _ = addresses.ToSocket(PathAddress.From(new IPEndPoint(IPAddress.Loopback, i)));
            Assert.InRange(addresses.CachedCount, 1, SocketAddresses.CachedMax);
        }
        Assert.Equal(1, addresses.CachedCount);
    }

    private static UdpEndpoint Open(string bind, UdpCalls calls = UdpCalls.Fastest) =>
        new(new IPEndPoint(IPAddress.Parse(bind), 0), NullLogger.Instance, calls);

    private static void Send(UdpEndpoint endpoint, ReadOnlySpan<byte> datagram, PathAddress target)
    {
        endpoint.Send(datagram, target);
        endpoint.Flush();
    }

    private static byte[] Pattern(int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = unchecked((byte)(length + i));
        }
        return bytes;
    }

    private static Channel<(PathAddress From, byte[] Datagram)> Listen(UdpEndpoint endpoint)
    {
        Channel<(PathAddress From, byte[] Datagram)> arrived = Channel.CreateUnbounded<(PathAddress, byte[])>();
        endpoint.Start(batch =>
        {
            for (int i = 0; i < batch.Count; i++)
            {
                _ = arrived.Writer.TryWrite((batch.From(i), batch.Datagram(i).ToArray()));
            }
            return null;
        });
        return arrived;
    }

    /// <summary>A port that was free a moment ago, so that the system answers with ICMP.</summary>
    private static int DeadPort()
    {
        using UdpEndpoint taken = Open("127.0.0.1");
        return taken.LocalEndPoint.Port;
    }
}
