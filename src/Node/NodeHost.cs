using System;
using System.IO;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Node.Engines;
using Darkbloom.Node.Engines.Llama;
using Darkbloom.Node.Engines.Whisper;
using Darkbloom.Node.Models;
using Darkbloom.Node.Serving;
using Darkbloom.Protocol.Identity;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Node;

/// <summary>A running node: its engine, its place in the mesh and what it serves to gateways.</summary>
public sealed class NodeHost : IAsyncDisposable
{
    private readonly IEngine _engine;
    private readonly PeerIdentity _identity;
    private readonly MeshHost _host;
    private readonly AdmissionDesk _desk;
    private readonly InferenceListener _listener;
    private readonly MeshMembership _membership;
    private readonly ILogger _log;
    private int _disposed;

    private NodeHost(NodeOptions options, IEngine engine, PeerIdentity identity, ServingLimits limits, ILoggerFactory loggers)
    {
        (_engine, _identity, _log) = (engine, identity, loggers.CreateLogger<NodeHost>());
        MeshHostOptions mesh = new()
        {
            Network = options.Network,
            Bind = options.Bind,
            PinnedPeers = [options.Rendezvous.Key],
        };
        _host = MeshHost.Start(mesh, identity, loggers);
        AdmissionPolicy policy = new()
        {
            Model = engine.Model.Card.Id,
            Fingerprint = engine.Model.Card.Fingerprint,
            Slots = engine.Model.Slots,
            QueueMax = Math.Min(options.QueueMax, engine.Model.QueueMax),
            TextBytesMax = engine.Model.TextBytesMax,
            AudioBytesMax = engine.Model.AudioBytesMax,
        };
        _desk = new AdmissionDesk(policy, () => engine.Speed, TimeProvider.System);
        _listener = new InferenceListener(_host, engine, _desk, limits, TimeProvider.System, loggers);
        MembershipOptions membership = new()
        {
            Rendezvous = options.Rendezvous,
            Roles = PeerRoles.Node,
            JoinSecret = options.JoinSecret,
        };
        _membership = MeshMembership.Start(_host, membership, loggers);
        _membership.Publish(NodeCardWriter.Write(_host.PublicKey, engine.Model, _host.LocalEndPoint));
        ServingLog.Serving(_log, Id, ModelId, LocalEndPoint, engine.Model.Slots);
    }

    public IPEndPoint LocalEndPoint => _host.LocalEndPoint;

    public PeerId Id => _identity.Id;

    public string ModelId => _engine.Model.Card.Id;

    /// <summary>Completes once a ticket was granted and the card is published.</summary>
    public Task Ready => _membership.Published;

    /// <summary>Returns when the model is loaded and the node listens; enrolment goes on in the background.</summary>
    /// <exception cref="EngineUnavailableException">A native library is missing or of another version.</exception>
    /// <exception cref="InvalidModelException">The model is unknown, damaged or too large for this machine.</exception>
    /// <exception cref="InvalidDataException">The state directory holds a damaged key.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The address can't be bound.</exception>
    public static async Task<NodeHost> StartAsync(
        NodeOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        IEngine engine = await LoadEngineAsync(options, cancellationToken);
        try
        {
            return Start(options, engine, new ServingLimits(), loggers);
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Serves an engine that is loaded already; the host owns it from then on.</summary>
    internal static NodeHost Start(NodeOptions options, IEngine engine, ServingLimits limits, ILoggerFactory loggers)
    {
        PeerIdentity identity = IdentityStore.LoadOrCreate(options.StateDirectory);
        try
        {
            return new NodeHost(options, engine, identity, limits, loggers);
        }
        catch
        {
            identity.Dispose();
            throw;
        }
    }

    /// <summary>The owner is back: hands over what runs, and returns when the engine is idle.</summary>
    public Task PauseAsync() => _listener.PauseAsync();

    /// <summary>The owner has gone: serves again.</summary>
    public void Resume() => _listener.Resume();

    /// <summary>Leaves the directory, refuses what is new, hands over what runs or lets it finish within its time, and frees the engine.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        ServingLog.Draining(_log, Id, _listener.Streams);
        Task drained = _listener.DrainAsync(); // from here on load reports say so, before the directory does
        await _membership.DisposeAsync();
        await drained;
        await _listener.DisposeAsync();
        await _host.DisposeAsync();
        _desk.Dispose();
        await _engine.DisposeAsync();
        _identity.Dispose();
    }

    private static async Task<IEngine> LoadEngineAsync(NodeOptions options, CancellationToken cancellationToken)
    {
        string own = options.ModelsDirectory ?? Path.Combine(options.StateDirectory, "models");
        ModelEntry model = new ModelCatalogue(ModelCatalogue.ShippedDirectory, own).Resolve(options.Model);
        if (model.Architecture == WhisperFile.Architecture)
        {
            WhisperEngineOptions speech = new()
            {
                ModelPath = model.Path,
                ModelId = model.Id,
                Sha256 = Convert.FromHexString(model.Sha256),
                Threads = options.Threads,
            };
            return await WhisperEngine.LoadAsync(speech, cancellationToken);
        }

        LlamaEngineOptions engine = new()
        {
            ModelPath = model.Path,
            ModelId = model.Id,
            Sha256 = Convert.FromHexString(model.Sha256),
            Slots = options.Slots,
            QueueMax = Math.Max(1, options.QueueMax),
            ContextTokensPerSlot = options.ContextTokensPerSlot,
            Threads = options.Threads,
        };
        return await LlamaEngine.LoadAsync(engine, cancellationToken);
    }
}
