using System;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Protocol.Identity;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Gateway;

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
