using System;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Telemetry;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Gateway;

/// <summary>A gateway peer: the OpenAI endpoint on one side, sessions with nodes on the other.</summary>
public sealed class GatewayHost : IAsyncDisposable
{
    private readonly PeerIdentity _identity;
    private readonly MeshHost _mesh;
    private readonly MeshMembership _membership;
    private readonly NodeConnections _connections;
    private readonly OpenAiServer _server;

    private GatewayHost(
        PeerIdentity identity, MeshHost mesh, MeshMembership membership, NodeConnections connections, OpenAiServer server)
    {
        (_identity, _mesh, _membership, _connections, _server) = (identity, mesh, membership, connections, server);
    }

    public Uri BaseAddress => _server.BaseAddress;

    public PeerId Id => _mesh.Id;

    /// <summary>Completes once a session with a node is up.</summary>
    public Task Ready => _connections.AnyConnected;

    /// <summary>Returns when HTTP listens: the local API is up before the network is.</summary>
    /// <remarks>
    /// 1. The identity is read, or made on first use. 2. The UDP socket is bound. 3. Membership and sessions with nodes
    /// begin, in the background. 4. HTTP listens.
    /// </remarks>
    /// <exception cref="ArgumentException">The options would let strangers in, or hold an unusable API key.</exception>
    /// <exception cref="System.IO.IOException">An address is in use, or the identity can't be read.</exception>
    public static async Task<GatewayHost> StartAsync(
        GatewayOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        PeerIdentity identity = IdentityStore.LoadOrCreate(options.StateDirectory); // Step 1.
        MeshHost? mesh = null;
        MeshMembership? membership = null;
        NodeConnections? connections = null;
        try
        {
            mesh = MeshHost.Start(MeshOptions(options), identity, loggers); // Step 2.
            membership = MeshMembership.Start(mesh, MembershipOf(options), loggers); // Step 3.
            connections = NodeConnections.Start(mesh, membership, loggers);
            MeshInferenceClient client = new(connections, new DispatchPolicy(), NewPrng, loggers);
            OpenAiServer server = await OpenAiServer.StartAsync(
                EdgeOptions(options, mesh, membership, connections), client, loggers, cancellationToken); // Step 4.
            return new GatewayHost(identity, mesh, membership, connections, server);
        }
        catch
        {
            await StopAsync(connections, membership, mesh);
            identity.Dispose();
            throw;
        }
    }

    /// <summary>Open requests get their time; then sessions, membership and the socket end, in this order.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await StopAsync(_connections, _membership, _mesh);
        _identity.Dispose();
    }

    private static MeshHostOptions MeshOptions(GatewayOptions options) => new()
    {
        Network = options.Network,
        Bind = options.Bind,
        PinnedPeers = [options.Rendezvous.Key],
    };

    private static MembershipOptions MembershipOf(GatewayOptions options) => new()
    {
        Rendezvous = options.Rendezvous,
        Roles = PeerRoles.Gateway,
        JoinSecret = options.JoinSecret,
    };

    private static OpenAiServerOptions EdgeOptions(
        GatewayOptions options, MeshHost mesh, MeshMembership membership, NodeConnections connections) => new()
        {
            Bind = options.HttpBind,
            ApiKeys = options.ApiKeys,
            CorsOrigins = options.CorsOrigins,
            ModelAliases = options.ModelAliases,
            StateDirectory = options.StateDirectory,
            DrainTimeMax = options.DrainTimeMax,
            NotReadyReason = () => FindReasonNotReady(membership, connections),
            WriteMetrics = text =>
            {
                MeshMetrics.Write(text, mesh.Statistics);
                ProcessMetrics.Write(text);
            },
        };

    /// <summary>Null while a request could be served now.</summary>
    private static string? FindReasonNotReady(MeshMembership membership, NodeConnections connections)
    {
        if (connections.Routes.Models.Any(static model => model.Routes.Any(static route => route.IsConnected)))
        {
            return null;
        }

        return membership.Status.Fault is { Length: > 0 } fault ? fault
            : membership.IsEnrolled ? "no node of the mesh can be reached"
            : "this gateway is still joining the mesh";
    }

    private static Prng NewPrng() => new(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));

    private static async Task StopAsync(NodeConnections? connections, MeshMembership? membership, MeshHost? mesh)
    {
        if (connections is not null)
        {
            await connections.DisposeAsync();
        }

        if (membership is not null)
        {
            await membership.DisposeAsync();
        }

        if (mesh is not null)
        {
            await mesh.DisposeAsync();
        }
    }
}
