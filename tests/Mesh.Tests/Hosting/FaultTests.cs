using System;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Identity;
using Xunit;

namespace Darkbloom.Mesh.Tests.Hosting;

/// <summary>A fault of the core ends one session and no process.</summary>
public sealed class FaultTests
{
    /// <summary>With it a connection throws as soon as a stream is open: no instant is that far away.</summary>
    private static readonly ConnectionOptions _breaksWithAStream = new() { KeepAliveActive = TimeSpan.MaxValue };

    [Fact]
    public async Task A_session_that_the_core_fails_on_ends_and_the_others_go_on()
    {
        LoopbackNetwork network = new();
        await using HostPair pair = HostPair.Over(network, server: _breaksWithAStream);
        using PeerIdentity identity = HostPair.NewIdentity();
        await using MeshHost other = HostPair.Start(identity, network);
        HostPair.Admit(other, pair.Tickets);
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        MeshConnection bystander = await other.ConnectAsync(pair.Server.PublicKey, pair.Server.LocalEndPoint, pair.Patience);

        MeshStream stream = await client.OpenStreamAsync(StreamPriority.Control, pair.Patience);
        await stream.WriteAsync(new byte[1], pair.Patience);

        Assert.Equal(MeshError.InternalFault, (await client.Closed.WaitAsync(pair.Patience)).Error);
        Assert.Equal(MeshError.InternalFault, (await server.Closed.WaitAsync(pair.Patience)).Error);
        Assert.False(bystander.Closed.IsCompleted);
        MeshConnection again = await pair.Client.ConnectAsync(pair.Server.PublicKey, pair.Server.LocalEndPoint, pair.Patience);
        Assert.False(again.Closed.IsCompleted);
        pair.FaultsExpected = 1;
    }

    [Fact]
    public async Task A_port_that_throws_ends_neither_thread()
    {
        LoopbackNetwork network = new();
        await using HostPair pair = HostPair.Over(network);
        int faults = 3;
        network.Tap = (_, _, _) => Interlocked.Decrement(ref faults) < 0 ? true : throw new InvalidOperationException();

        MeshConnection client = await pair.Client.ConnectAsync(pair.Server.PublicKey, pair.Server.LocalEndPoint, pair.Patience);

        Assert.False(client.Closed.IsCompleted);
        pair.FaultsExpected = 3;
    }
}
