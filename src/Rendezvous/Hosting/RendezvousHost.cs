using System;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Protocol.Identity;
using Microsoft.Extensions.Logging;
namespace Darkbloom.Rendezvous.Hosting;
public sealed record RendezvousOptions
{
    public string Network { get; init; } = "darkbloom";
    public IPEndPoint Bind { get; init; } = new(IPAddress.Loopback, 7400);
    /// <summary>Keys, tickets and the journal live here.</summary>
    public required string StateDirectory { get; init; }
    /// <summary>Peers must know it to enrol; empty: anyone may.</summary>
    public string JoinSecret { get; init; } = "";
    /// <summary>GET /healthz and /metrics; null: no HTTP at all.</summary>
    public IPEndPoint? HttpBind { get; init; }
}
public sealed class RendezvousHost : IAsyncDisposable
{
    public static Task<RendezvousHost> StartAsync(RendezvousOptions options, ILoggerFactory loggers, CancellationToken cancellationToken) => throw new NotImplementedException();
    public IPEndPoint LocalEndPoint => throw new NotImplementedException();
    public PublicKey PublicKey => throw new NotImplementedException();
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
