using System;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Identity;
using Microsoft.Extensions.Logging;
namespace Darkbloom.Node;
public sealed record NodeOptions
{
    public string Network { get; init; } = "darkbloom";
    public IPEndPoint Bind { get; init; } = new(IPAddress.Loopback, 0);
    public required string StateDirectory { get; init; }
    public required RendezvousAddress Rendezvous { get; init; }
    public string JoinSecret { get; init; } = "";
    /// <summary>A GGUF file, or the id of a model in the catalogue.</summary>
    public string Model { get; init; } = "darkbloom-tiny";
    public int Slots { get; init; } = 4;
    public int QueueMax { get; init; } = 16;
    public int ContextTokensPerSlot { get; init; } = 0; // 0: what the model was trained with
    public int Threads { get; init; } = 0; // 0: all cores but one
}
public sealed class NodeHost : IAsyncDisposable
{
    /// <summary>Returns when the model is loaded and the node listens; enrolment goes on in the background.</summary>
    public static Task<NodeHost> StartAsync(NodeOptions options, ILoggerFactory loggers, CancellationToken cancellationToken) => throw new NotImplementedException();
    public IPEndPoint LocalEndPoint => throw new NotImplementedException();
    public PeerId Id => throw new NotImplementedException();
    public string ModelId => throw new NotImplementedException();
    /// <summary>Completes once a ticket was granted and the card is published.</summary>
    public Task Ready => throw new NotImplementedException();
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
