using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Darkbloom.Protocol.Tickets;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Gateway.Dispatching;

/// <summary>Keeps sessions with the nodes that this gateway uses, and what it knows of them.</summary>
/// <remarks>
/// The one owner of the <see cref="RouteBook"/>: every input goes through its lock, and readers take <see cref="Routes"/>.
/// A session outranks the directory: a node that isn't listed any more is used until its session ends. So a rendezvous
/// that forgot everything takes no node away, and a node that withdrew finishes what it has begun.
/// </remarks>
internal sealed class NodeConnections : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly RouteBook _book = new();
    private readonly AffinityMap _affinity = new();
    private readonly SortedDictionary<PeerId, NodeLink> _links = [];
    private readonly Func<PeerId, CancellationToken, ValueTask<ImmutableArray<Endpoint>>> _introduce;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _anyConnected = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The nodes of the last directory.</summary>
    private ImmutableArray<NodeCard> _listed = [];

    /// <summary>Those, and nodes that are not listed any more but still connected.</summary>
    private ImmutableArray<NodeCard> _known = [];

    private volatile RouteTable _routes = RouteTable.Empty;

    /// <summary>Set while somebody waits for other routes.</summary>
    private TaskCompletionSource? _changed;
    private Task _follow = Task.CompletedTask;
    private bool _disposed;

    /// <param name="introduce">Asks the rendezvous for a node's endpoints; empty when it knows none.</param>
    public NodeConnections(
        MeshHost host, Func<PeerId, CancellationToken, ValueTask<ImmutableArray<Endpoint>>> introduce, TimeProvider time,
        ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(loggers);
        (Host, _introduce, Time, _log) = (host, introduce, time, loggers.CreateLogger<NodeConnections>());
        _routes = _book.Table;
    }

    public MeshHost Host { get; }

    /// <summary>The clock of the links, the routes and the requests.</summary>
    public TimeProvider Time { get; }

    /// <summary>What is known of the nodes now.</summary>
    public RouteTable Routes => _routes;

    /// <summary>Completes once a session with a node is up.</summary>
    public Task AnyConnected => _anyConnected.Task;

    /// <summary>Completes when <see cref="Routes"/> are not these any more.</summary>
    public Task WhenChangedAsync(RouteTable routes)
    {
        lock (_gate)
        {
            if (routes != _routes)
            {
                return Task.CompletedTask;
            }

            _changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _changed.Task;
        }
    }

    /// <summary>Every model that a listed node serves, sorted by id; replaced whole.</summary>
    public ImmutableArray<ServedModel> Models { get; private set; } = [];

    /// <summary>What the model's nodes said last, with what this gateway sent them since.</summary>
    public ModelLoad LoadOf(string model)
    {
        int idle = 0;
        int queued = 0;
        Instant now = Time.GetInstant();
        foreach (Route route in Routes.RoutesOf(model))
        {
            if (route is { IsConnected: true, State: ServingState.Serving, Load: { } load } && !route.IsOut(now) && now - route.LoadAt <= Route.LoadAgeMax)
            {
                idle += Math.Max(0, load.SlotsFree - Math.Max(0, route.InFlight - route.InFlightReported));
                queued += load.QueueDepth;
            }
        }

        return new ModelLoad(idle, queued);
    }

    /// <summary>Follows the membership's directory from now on.</summary>
    public static NodeConnections Start(MeshHost host, MeshMembership membership, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(membership);
        NodeConnections connections = new(host, membership.IntroduceAsync, TimeProvider.System, loggers);
        connections._follow = Task.Run(() => connections.FollowAsync(membership));
        return connections;
    }

    /// <summary>Takes over a directory: new nodes are dialled, and nodes that it doesn't list are left once their session ends.</summary>
    public void OnDirectory(IEnumerable<DirectoryEntry> entries)
    {
        ImmutableArray<NodeCard> listed = NodeCard.ReadAll(entries);
        lock (_gate)
        {
            _listed = listed;
            Follow();
        }
    }

    /// <summary>The session with a node, after a wait if it is being dialled.</summary>
    /// <exception cref="MeshException">The node can't be reached now.</exception>
    public Task<MeshConnection> ConnectAsync(PeerId node, CancellationToken cancellationToken)
    {
        NodeLink? link;
        lock (_gate)
        {
            _ = _links.TryGetValue(node, out link);
        }

        return link?.ConnectAsync(cancellationToken)
            ?? Task.FromException<MeshConnection>(new MeshException(MeshError.ClosedLocally, 0, "The node has left."));
    }

    /// <summary>The node reported its load.</summary>
    public void OnLoad(PeerId node, NodeLoad load, TimeSpan smoothedRtt) =>
        Update(book => book.OnLoad(Time.GetInstant(), node, load, smoothedRtt));

    /// <summary>The node keeps a slot for this gateway.</summary>
    public void OnLease(PeerId node, NodeLease lease) => Update(book => book.OnLease(Time.GetInstant(), node, lease));

    /// <summary>The leases that an offer to the node spends.</summary>
    public ImmutableArray<ulong> TakeLeases(PeerId node, uint choices)
    {
        lock (_gate)
        {
            ImmutableArray<ulong> taken = _book.TakeLeases(Time.GetInstant(), node, (int)choices);
            _routes = _book.Table;
            return taken;
        }
    }

    /// <summary>The node that has the longest of these beginnings in its cache, if one is known.</summary>
    public PeerId? FindPreferred(ReadOnlySpan<UInt128> beginnings)
    {
        lock (_gate)
        {
            return _affinity.Find(Time.GetInstant(), beginnings);
        }
    }

    /// <summary>The node gets a prompt with these beginnings.</summary>
    public void OnPrompted(PeerId node, ReadOnlySpan<UInt128> beginnings)
    {
        lock (_gate)
        {
            foreach (UInt128 beginning in beginnings)
            {
                _affinity.OnPrompted(Time.GetInstant(), beginning, node);
            }
        }
    }

    /// <summary>The names of conversations' beginnings; they never leave this process.</summary>
    public ConversationKeys Keys { get; } = new();

    /// <summary>A request learned something about a node.</summary>
    public void OnNote(RouteNote note) => Update(book => book.OnNote(Time.GetInstant(), note));

    internal void OnConnected(PeerId node, TimeSpan smoothedRtt)
    {
        lock (_gate)
        {
            Update(book => book.OnConnected(node, smoothedRtt));
            UpdateModels();
        }

        _ = _anyConnected.TrySetResult();
    }

    /// <summary>The session is over; false if the node isn't to be dialled again.</summary>
    internal bool OnDisconnected(PeerId node)
    {
        lock (_gate)
        {
            Update(book => book.OnDisconnected(node));
            Follow();
            return _links.ContainsKey(node);
        }
    }

    internal void OnUnreachable(PeerId node) => Update(book => book.OnUnreachable(Time.GetInstant(), node));

    internal async ValueTask<ImmutableArray<PathAddress>> IntroduceAsync(PeerId node, CancellationToken cancellationToken)
    {
        List<PathAddress> addresses = [];
        foreach (Endpoint endpoint in await _introduce(node, cancellationToken))
        {
            if (addresses.Count < NodeCard.EndpointsMax && NodeCard.TryReadEndpoint(endpoint, out PathAddress address))
            {
                addresses.Add(address);
            }
        }

        return [.. addresses];
    }

    public async ValueTask DisposeAsync()
    {
        List<NodeLink> links;
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            links = [.. _links.Values];
            _links.Clear();
        }

        await _stop.CancelAsync();
        await _follow;
        links.ForEach(static link => link.Dispose());
        await Task.WhenAll(links.Select(static link => link.Stopped));
        _stop.Dispose();
    }

    private async Task FollowAsync(MeshMembership membership)
    {
        try
        {
            MembershipSnapshot snapshot = membership.Snapshot;
            while (true)
            {
                OnDirectory(snapshot.Entries);
                snapshot = await membership.WaitForChangeAsync(snapshot.Version, _stop.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            DispatchingLog.DirectoryLeft(_log);
        }
    }

    /// <summary>Brings the links and the routes into line with the directory and the sessions; under the lock.</summary>
    private void Follow()
    {
        if (_disposed)
        {
            return;
        }

        SortedDictionary<PeerId, NodeCard> known = [];
        SortedSet<PeerId> connected = [];
        foreach (NodeLink link in _links.Values.Where(static link => link.Connection is not null))
        {
            known[link.Node] = link.Card;
            _ = connected.Add(link.Node);
        }

        foreach (NodeCard card in _listed)
        {
            known[card.Node] = card;
        }

        List<NodeCard> followed = WorkingSet.Choose(Host.Id, known.Values, connected);
        SortedSet<PeerId> nodes = [.. followed.Select(static card => card.Node)];
        foreach (NodeLink link in _links.Values.Where(link => !nodes.Contains(link.Node)).ToList())
        {
            _ = _links.Remove(link.Node);
            link.Dispose();
        }

        Update(book => book.OnDirectory(followed));
        foreach (NodeCard card in followed)
        {
            if (_links.TryGetValue(card.Node, out NodeLink? link))
            {
                link.OnCard(card);
            }
            else
            {
                _links[card.Node] = new NodeLink(this, card, _log);
            }
        }

        _known = [.. known.Values];
        UpdateModels();
    }

    private void Update(Action<RouteBook> input)
    {
        lock (_gate)
        {
            input(_book);
            _routes = _book.Table;
            _ = _changed?.TrySetResult();
            _changed = null;
        }
    }

    private void UpdateModels() =>
        Models = [.. _known
            .SelectMany(static card => card.Models, static (card, model) => (card.Node, Model: model))
            .GroupBy(static served => served.Model.Id, StringComparer.Ordinal)
            .OrderBy(static group => group.Key, StringComparer.Ordinal)
            .Select(group => Serve(group.Key, [.. group]))];

    private ServedModel Serve(string id, IReadOnlyList<(PeerId Node, NodeModel Model)> served)
    {
        string fingerprint = served[0].Model.Fingerprint;
        return new ServedModel(
            id,
            served.Max(static one => one.Model.ContextTokens),
            served.Count,
            served.Count(one => IsAttested(one.Node)),
            served.Aggregate(ModelCapabilities.None, static (all, one) => all | one.Model.Capabilities))
        {
            Fingerprint = fingerprint.Length > 0 && served.All(one => one.Model.Fingerprint == fingerprint) ? fingerprint : null,
        };
    }

    /// <summary>Whether the session at hand proved more than a key.</summary>
    private bool IsAttested(PeerId node) =>
        _links.TryGetValue(node, out NodeLink? link)
        && link.Connection?.RemoteTicket is { Ticket.Tier: TrustTier.Device or TrustTier.App };
}
