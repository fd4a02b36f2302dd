using System;
using System.Net;
using System.Net.Sockets;
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
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("::", "127.0.0.1")]
    public async Task Datagrams_pass_with_the_senders_address(string bind, string sender)
    {
        using UdpEndpoint target = Open(bind);
        using UdpEndpoint source = Open(sender);
        Channel<(PathAddress From, byte[] Datagram)> arrived = Listen(target);

        source.Send([1, 2, 3], new PathAddress(PathAddress.From(source.LocalEndPoint).Address, (ushort)target.LocalEndPoint.Port));

        (PathAddress from, byte[] datagram) = await arrived.Reader.ReadAsync().AsTask().WaitAsync(_patience);
        Assert.Equal(PathAddress.From(source.LocalEndPoint), from);
        Assert.Equal([1, 2, 3], datagram);
        Assert.Equal(1, source.Statistics.DatagramsSent);
    }

    [Fact]
    public async Task Sends_that_cannot_be_do_not_end_the_port()
    {
        using UdpEndpoint endpoint = Open("127.0.0.1");
        Channel<(PathAddress From, byte[] Datagram)> arrived = Listen(endpoint);
        int deadPort = DeadPort();

        endpoint.Send([1], PathAddress.From(new IPEndPoint(IPAddress.IPv6Loopback, 4000))); // no such family
        endpoint.Send(new byte[65_535], PathAddress.From(endpoint.LocalEndPoint)); // longer than UDP allows
        endpoint.Send([1], PathAddress.From(new IPEndPoint(IPAddress.Loopback, 0))); // no such port
        for (int i = 0; i < 10; i++)
        {
            endpoint.Send([1], PathAddress.From(new IPEndPoint(IPAddress.Loopback, deadPort))); // ICMP comes back
        }
        endpoint.Send([7], PathAddress.From(endpoint.LocalEndPoint));

        (_, byte[] datagram) = await arrived.Reader.ReadAsync().AsTask().WaitAsync(_patience);
        Assert.Equal([7], datagram);
        Assert.Equal(3, endpoint.Statistics.SendsDropped);
    }

    [Fact]
    public async Task An_empty_datagram_is_delivered_like_any_other()
    {
        using UdpEndpoint endpoint = Open("127.0.0.1");
        Channel<(PathAddress From, byte[] Datagram)> arrived = Listen(endpoint);

        endpoint.Send([], PathAddress.From(endpoint.LocalEndPoint));
        endpoint.Send([2], PathAddress.From(endpoint.LocalEndPoint));

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
        endpoint.Send([1], PathAddress.From(new IPEndPoint(IPAddress.Loopback, 4000)));

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

            Assert.Equal(address, SocketAddresses.FromSocket(new SocketAddresses(AddressFamily.InterNetworkV6).ToSocket(address)!));
            Assert.Equal(address, SocketAddresses.FromSocket(endPoint.Serialize()));
        }
    }

    [Fact]
    public void The_cache_of_destinations_is_bounded()
    {
        SocketAddresses addresses = new(AddressFamily.InterNetwork);
        for (int i = 1; i <= SocketAddresses.CachedMax + 1; i++)
        {
            _ = addresses.ToSocket(PathAddress.From(new IPEndPoint(IPAddress.Loopback, i)));
            Assert.InRange(addresses.CachedCount, 1, SocketAddresses.CachedMax);
        }
        Assert.Equal(1, addresses.CachedCount);
    }

    private static UdpEndpoint Open(string bind) => new(new IPEndPoint(IPAddress.Parse(bind), 0), NullLogger.Instance);

    private static Channel<(PathAddress From, byte[] Datagram)> Listen(UdpEndpoint endpoint)
    {
        Channel<(PathAddress From, byte[] Datagram)> arrived = Channel.CreateUnbounded<(PathAddress, byte[])>();
        endpoint.Start((from, datagram) => arrived.Writer.TryWrite((from, datagram.ToArray())), () => { });
        return arrived;
    }

    /// <summary>A port that was free a moment ago, so that the system answers with ICMP.</summary>
    private static int DeadPort()
    {
        using UdpEndpoint taken = Open("127.0.0.1");
        return taken.LocalEndPoint.Port;
    }
}
