using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Gateway;

/// <summary>A gateway peer: a member of the mesh that speaks OpenAI's dialect to its own side.</summary>
/// <remarks>
/// HTTP stops first: what is open may end over a network that still stands. An answer never waits for the network to
/// come up: until a node can be reached it is a 503.
/// </remarks>
public sealed class GatewayHost : IAsyncDisposable
{
    private readonly MeshHost _mesh;
    private readonly MeshMembership _membership;
    private readonly NodeConnections _connections;
    private readonly OpenAiServer _server;

    private GatewayHost(MeshHost mesh, MeshMembership membership, NodeConnections connections, OpenAiServer server)
    {
        _mesh = mesh;
        _membership = membership;
        _connections = connections;
        _server = server;
    }

    public Uri BaseAddress => _server.BaseAddress;

    public PeerId Id => _mesh.Id;

    /// <summary>Completes once a node can be reached.</summary>
    public Task Ready => _connections.AnyConnected;

    /// <summary>Returns when HTTP listens: the local API is up before the network is.</summary>
    /// <exception cref="ArgumentException">The options would let strangers in, or hold an unusable API key.</exception>
    /// <exception cref="System.IO.IOException">An address is in use, or the state directory cannot be used.</exception>
    public static async Task<GatewayHost> StartAsync(
        GatewayOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);

        Stack<IAsyncDisposable> started = new();
        try
        {
            PeerIdentity identity = IdentityStore.LoadOrCreate(options.StateDirectory);
            MeshHost mesh = Keep(started, MeshHost.Start(DescribePeer(options), identity, loggers));
            MeshMembership membership = Keep(started, MeshMembership.Start(mesh, DescribeMember(options), loggers));
            NodeConnections connections = Keep(started, NodeConnections.Start(mesh, membership, loggers));
            MeshInferenceClient client = new(connections, new DispatchPolicy(), DrawPrng, loggers);
            OpenAiServer server = await OpenAiServer.StartAsync(
                DescribeEdge(options, membership, connections), client, loggers, cancellationToken);
            return new GatewayHost(mesh, membership, connections, server);
        }
        catch
        {
            while (started.TryPop(out IAsyncDisposable? part))
            {
                await part.DisposeAsync();
            }

            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _connections.DisposeAsync();
        await _membership.DisposeAsync();
        await _mesh.DisposeAsync();
    }

    private static T Keep<T>(Stack<IAsyncDisposable> started, T part)
        where T : IAsyncDisposable
    {
        started.Push(part);
        return part;
    }

    private static MeshHostOptions DescribePeer(GatewayOptions options) => new()
    {
        Network = options.Network,
        Bind = options.Bind,
        PinnedPeers = [options.Rendezvous.Key],
    };

    private static MembershipOptions DescribeMember(GatewayOptions options) => new()
    {
        Rendezvous = options.Rendezvous,
        Roles = PeerRoles.Gateway,
        JoinSecret = options.JoinSecret,
    };

    private static OpenAiServerOptions DescribeEdge(
        GatewayOptions options, MeshMembership membership, NodeConnections connections) => new()
        {
            Bind = options.HttpBind,
            ApiKeys = options.ApiKeys,
            CorsOrigins = options.CorsOrigins,
            DrainTimeMax = options.DrainTimeMax,
            NotReadyReason = () => FindReasonNotReady(membership, connections),
        };

    private static string? FindReasonNotReady(MeshMembership membership, NodeConnections connections)
    {
        if (connections.Models.Any(static model => model.Nodes > 0) && connections.AnyConnected.IsCompleted)
        {
            return null;
        }

        return membership.IsEnrolled
            ? "no node can be reached yet"
            : "the rendezvous has not let this gateway into the mesh yet";
    }

    private static Prng DrawPrng() => new(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
}
