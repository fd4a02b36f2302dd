using System;
using System.Net;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Node.Engines;
using Darkbloom.Node.Engines.Llama;
using Darkbloom.Node.Models;
using Darkbloom.Node.Serving;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Node;

/// <summary>A node peer: one engine, and the listener that lets gateways use it.</summary>
public sealed class NodeHost : IAsyncDisposable
{
    private readonly PeerIdentity _identity;
    private readonly IEngine _engine;
    private readonly MeshHost _mesh;
    private readonly MeshMembership _membership;
    private readonly AdmissionDesk _desk;
    private readonly InferenceListener _listener;

    private NodeHost(PeerIdentity identity, IEngine engine, NodeOptions options, ILoggerFactory loggers)
    {
        (_identity, _engine) = (identity, engine);
        _mesh = MeshHost.Start(
            new MeshHostOptions { Network = options.Network, Bind = options.Bind, PinnedPeers = [options.Rendezvous.Key] }, identity, loggers);
        AdmissionPolicy policy = new() { Model = engine.Model.Card.Id, Slots = engine.Model.Slots, QueueMax = options.QueueMax };
        _desk = new AdmissionDesk(policy, () => engine.Speed);
        _listener = new InferenceListener(_mesh, engine, _desk, new ServingLimits(), loggers);
        _membership = MeshMembership.Start(
            _mesh,
            new MembershipOptions { Rendezvous = options.Rendezvous, Roles = PeerRoles.Node, JoinSecret = options.JoinSecret },
            loggers);
        _membership.Publish(Card());
    }

    public IPEndPoint LocalEndPoint => _mesh.LocalEndPoint;

    public PeerId Id => _mesh.Id;

    public string ModelId => _engine.Model.Card.Id;

    /// <summary>Completes once the rendezvous lists this node.</summary>
    public Task Ready => _membership.Published;

    /// <summary>Returns when the model is loaded and the node listens; enrolment goes on in the background.</summary>
    /// <exception cref="InvalidModelException">There is no such model, or its file can't be loaded.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The address can't be bound.</exception>
    public static async Task<NodeHost> StartAsync(
        NodeOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        PeerIdentity identity = IdentityStore.LoadOrCreate(options.StateDirectory);
        IEngine? engine = null;
        try
        {
            engine = await LoadAsync(options, cancellationToken);
            return new NodeHost(identity, engine, options, loggers);
        }
        catch
        {
            if (engine is not null)
            {
                await engine.DisposeAsync();
            }

            identity.Dispose();
            throw;
        }
    }

    /// <summary>New work is refused and running streams get their time; then the node leaves the mesh and unloads its model.</summary>
    public async ValueTask DisposeAsync()
    {
        await _listener.DrainAsync();
        await _membership.DisposeAsync();
        await _listener.DisposeAsync();
        await _mesh.DisposeAsync();
        await _engine.DisposeAsync();
        _desk.Dispose();
        _identity.Dispose();
    }

    private static async Task<IEngine> LoadAsync(NodeOptions options, CancellationToken cancellationToken)
    {
        ModelEntry model = options.Catalogue.Resolve(options.Model);
        return await LlamaEngine.LoadAsync(
            new LlamaEngineOptions
            {
                ModelPath = model.Path,
                ModelId = model.Id,
                Slots = options.Slots,
                QueueMax = Math.Max(1, options.QueueMax),
                ContextTokensPerSlot = options.ContextTokensPerSlot,
                Threads = options.Threads,
            },
            cancellationToken);
    }

    /// <summary>What the mesh is told; later cards of this key have larger epochs, also after a restart.</summary>
    private PeerCard Card() => new()
    {
        PublicKey = ByteString.CopyFrom(_mesh.PublicKey.ToBytes()),
        Epoch = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
        Roles = (uint)PeerRoles.Node,
        Models = { _engine.Model.Card },
        Hardware = $"{RuntimeInformation.OSArchitecture} {Environment.ProcessorCount} cores",
        Slots = (uint)_engine.Model.Slots,
        Endpoints = { EndpointOf(_mesh.LocalEndPoint) },
    };

    /// <summary>An unspecified address stands for whatever the rendezvous sees.</summary>
    private static Endpoint EndpointOf(IPEndPoint endPoint) => new()
    {
        Address = ByteString.CopyFrom(endPoint.Address.GetAddressBytes()),
        Port = (uint)endPoint.Port,
    };
}
