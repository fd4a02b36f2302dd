using System.Security.Cryptography;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Transport;
using Xunit;

namespace Darkbloom.Mesh.Tests.Hosting;

public sealed class MeshHostTests
{
    [Fact]
    public async Task Two_hosts_connect_and_know_each_other()
    {
        await using HostPair pair = HostPair.OverUdp();

        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();

        Assert.Equal(pair.Server.Id, client.RemoteId);
        Assert.Equal(pair.Client.Id, server.RemoteId);
        Assert.Equal(pair.Client.PublicKey, server.RemoteTicket!.Ticket.Holder);
        Assert.Equal(pair.Server.PublicKey, client.RemoteTicket!.Ticket.Holder);
        Assert.Equal(pair.Client.LocalEndPoint, server.RemoteEndPoint);
    }

    [Fact]
    public async Task Ten_megabytes_come_back_as_they_went()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        byte[] sent = RandomNumberGenerator.GetBytes(10 * 1024 * 1024);

        Task echo = Streams.EchoOneAsync(server, pair.Patience);
        await using MeshStream stream = await client.OpenStreamAsync(StreamPriority.Bulk, pair.Patience);
        Task writing = Streams.WriteAllAsync(stream, sent, pair.Patience);
        byte[] received = await Streams.ReadAllAsync(stream, pair.Patience);
        await writing;
        await echo;

        Assert.Equal(SHA256.HashData(sent), SHA256.HashData(received));
    }

    [Fact]
    public async Task A_hundred_streams_at_once_do_not_mix()
    {
        await using HostPair pair = HostPair.OverUdp();
        (MeshConnection client, MeshConnection server) = await pair.ConnectAsync();
        Task echo = Streams.EchoManyAsync(server, 100, pair.Patience);

        Task<bool>[] streams = new Task<bool>[100];
        for (int i = 0; i < streams.Length; i++)
        {
            streams[i] = Streams.RoundTripAsync(client, RandomNumberGenerator.GetBytes(20_000 + i), pair.Patience);
        }

        Assert.All(await Task.WhenAll(streams), Assert.True);
        await echo;
    }
}
