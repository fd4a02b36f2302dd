using System;
using System.Net;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Simulations;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Darkbloom.Mesh.Tests.Hosting;

/// <summary>Two members of one network, over real UDP on loopback or over a network inside the process.</summary>
internal sealed class HostPair : IAsyncDisposable
{
    public const string Network = "test";

    /// <summary>A test that waits longer has failed; no passing test comes near it.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource _patienceEnds = new(_patience);
    private readonly PeerIdentity _clientIdentity = NewIdentity();
    private readonly PeerIdentity _serverIdentity = NewIdentity();

    private HostPair(
        LoopbackNetwork? network, ConnectionOptions? server = null, UdpCalls calls = UdpCalls.Fastest, ConnectionOptions? client = null)
    {
        Client = Start(_clientIdentity, network, connection: client, calls: calls);
        Server = Start(_serverIdentity, network, connection: server, calls: calls);
        Admit(Client, Tickets);
        Admit(Server, Tickets);
    }

    public MeshHost Client { get; }

    public MeshHost Server { get; }

    public SimTickets Tickets { get; } = new(new Prng(1), Network);

    /// <summary>How often the hosts' own code may have failed by the end; 0 but in tests that break it.</summary>
    public long FaultsExpected { get; set; }

    public CancellationToken Patience => _patienceEnds.Token;

    public static HostPair OverUdp(UdpCalls calls = UdpCalls.Fastest, ConnectionOptions? client = null) =>
        new(network: null, calls: calls, client: client);

    public static HostPair Over(LoopbackNetwork network, ConnectionOptions? server = null) => new(network, server);

    public static PeerIdentity NewIdentity()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return PeerIdentity.Import(key.ExportPkcs8PrivateKey());
    }

    public static MeshHost Start(
        PeerIdentity identity, LoopbackNetwork? network = null, string name = Network, ConnectionOptions? connection = null,
        UdpCalls calls = UdpCalls.Fastest)
    {
        MeshHostOptions options = new()
        {
            Network = name,
            Bind = new IPEndPoint(IPAddress.Loopback, 0),
            Connection = connection ?? new ConnectionOptions(),
            UdpCalls = calls,
            Limits = new HandshakeLimits { SessionsPerPeerMax = MeshHost.AcceptQueueMax + 1 }, // one client stands for many
        };
        return network is null
            ? MeshHost.Start(options, identity, NullLoggerFactory.Instance)
            : MeshHost.Start(options, identity, NullLoggerFactory.Instance, network.Open());
    }

    /// <summary>Makes a host a member: it has a ticket, and believes those of the others.</summary>
    public static void Admit(MeshHost host, SimTickets tickets)
    {
        host.UseTicket(tickets.Issue(host.PublicKey, new UnixTime(DateTimeOffset.UtcNow.ToUnixTimeSeconds())));
        _ = host.TrustTicketKey(tickets.PublicKey);
    }

    public async Task<(MeshConnection Client, MeshConnection Server)> ConnectAsync()
    {
        MeshConnection client = await Client.ConnectAsync(Server.PublicKey, Server.LocalEndPoint, Patience);
        MeshConnection server = await Server.AcceptConnectionAsync(Patience);
        return (client, server);
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Server.DisposeAsync();
        Assert.Equal(FaultsExpected, Client.Statistics.Peer.Faults + Server.Statistics.Peer.Faults);
        _clientIdentity.Dispose();
        _serverIdentity.Dispose();
        Tickets.Dispose();
        _patienceEnds.Dispose();
    }
}
