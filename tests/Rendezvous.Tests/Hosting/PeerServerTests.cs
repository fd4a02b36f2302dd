using System;
using System.Collections.Generic;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Darkbloom.Rendezvous.Hosting;
using Darkbloom.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Darkbloom.Rendezvous.Tests.Hosting;

/// <summary>What one connection may take of a real rendezvous.</summary>
public sealed class PeerServerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(60));
    private readonly ManualTime _time = new();
    private readonly PeerIdentity _identity = TestKeys.NewIdentity();

    private CancellationToken Deadline => _deadline.Token;

    public void Dispose()
    {
        _identity.Dispose();
        _deadline.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_connection_has_no_more_requests_under_way_than_it_may()
    {
        await using RendezvousHost rendezvous = await StartAsync();
        await using MeshHost stranger = StartStranger(rendezvous);
        await using MeshConnection connection = await ConnectAsync(stranger, rendezvous);
        Stack<MeshStream> begun = [];
        for (int i = 0; i < HostingLimits.StreamsPerConnectionMax; i++)
        {
            begun.Push(await BeginAsync(connection));
        }

        MeshStream above = await BeginAsync(connection);
        MeshException refused = await Assert.ThrowsAsync<MeshException>(() => EndAsync(above));
        Assert.Equal((ulong)RendezvousErrorCode.RateLimited, refused.Code);
        while (begun.TryPop(out MeshStream? stream))
        {
            Assert.NotNull((await EndAsync(stream))?.Address);
        }
    }

    [Fact]
    public async Task A_request_that_trickles_in_is_answered_before_its_deadline_and_dropped_at_it()
    {
        await using RendezvousHost rendezvous = await StartAsync();
        await using MeshHost stranger = StartStranger(rendezvous);
        await using MeshConnection connection = await ConnectAsync(stranger, rendezvous);
        TimeSpan max = TimeSpan.FromMilliseconds(HostingLimits.RequestReadMsMax);
        MeshStream soon = await BeginAsync(connection);
        await _time.WhenArmedAsync(max);
        _time.Advance(max - TimeSpan.FromMilliseconds(1));
        Assert.NotNull((await EndAsync(soon))?.Address);

        MeshStream late = await BeginAsync(connection);
        await _time.WhenArmedAsync(max);
        _time.Advance(max);
        _ = await Assert.ThrowsAsync<MeshException>(async () => await late.ReadExactlyAsync(new byte[1], Deadline));
    }

    /// <summary>Opens a stream and sends the first byte of a request, so that the rendezvous waits for the others.</summary>
    private async Task<MeshStream> BeginAsync(MeshConnection connection)
    {
        MeshStream stream = await connection.OpenStreamAsync(StreamPriority.Control, Deadline);
        await stream.WriteAsync(Request().AsMemory(0, 1), Deadline);
        return stream;
    }

    private async Task<RendezvousResponse?> EndAsync(MeshStream stream)
    {
        await using MessageStream<RendezvousRequest, RendezvousResponse> messages = new(stream);
        await stream.WriteAsync(Request().AsMemory(1), Deadline);
        return await messages.ReadAsync(Deadline);
    }

    /// <summary>A request as it goes over a stream: the length of the message in 4 bytes, then the message.</summary>
    private static byte[] Request()
    {
        byte[] message = Google.Protobuf.MessageExtensions.ToByteArray(new RendezvousRequest { Address = new AddressRequest() });
        return [0, 0, 0, (byte)message.Length, .. message];
    }

    /// <summary>A host that asks the rendezvous nothing but what the test does.</summary>
    private MeshHost StartStranger(RendezvousHost rendezvous) => MeshHost.Start(
        new MeshHostOptions { Network = RendezvousHostTests.Network, PinnedPeers = [rendezvous.PublicKey] },
        _identity,
        NullLoggerFactory.Instance);

    private async Task<MeshConnection> ConnectAsync(MeshHost stranger, RendezvousHost rendezvous) =>
        await stranger.ConnectAsync(rendezvous.PublicKey, rendezvous.LocalEndPoint, Deadline);

    private Task<RendezvousHost> StartAsync() => RendezvousHost.StartAsync(
        new RendezvousOptions
        {
            Network = RendezvousHostTests.Network,
            Bind = new IPEndPoint(IPAddress.Loopback, 0),
            StateDirectory = _directory.Sub("state"),
            Time = _time,
        },
        NullLoggerFactory.Instance,
        Deadline);
}
