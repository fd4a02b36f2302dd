using System;
using System.Collections.Immutable;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Identity;
using Microsoft.Extensions.Logging;
namespace Darkbloom.Gateway;
public sealed record GatewayOptions
{
    public string Network { get; init; } = "darkbloom";
    public IPEndPoint Bind { get; init; } = new(IPAddress.Loopback, 0);
    /// <summary>Where the OpenAI endpoint listens.</summary>
    public IPEndPoint HttpBind { get; init; } = new(IPAddress.Loopback, 8484);
    public required string StateDirectory { get; init; }
    public required RendezvousAddress Rendezvous { get; init; }
    public string JoinSecret { get; init; } = "";
    /// <summary>Accepted API keys; empty: no key is asked for, and only loopback may be bound.</summary>
    public ImmutableArray<string> ApiKeys { get; init; } = [];
}
public sealed class GatewayHost : IAsyncDisposable
{
    /// <summary>Returns when HTTP listens: the local API is up before the network is.</summary>
    public static Task<GatewayHost> StartAsync(GatewayOptions options, ILoggerFactory loggers, CancellationToken cancellationToken) => throw new NotImplementedException();
    public Uri BaseAddress => throw new NotImplementedException();
    public PeerId Id => throw new NotImplementedException();
    /// <summary>Completes once a node can be reached.</summary>
    public Task Ready => throw new NotImplementedException();
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
