using System;
using System.Collections.Immutable;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Routing;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Gateway.Dispatching;

/// <summary>Keeps one session with one node for as long as the node is followed, and feeds its load to the routes.</summary>
/// <remarks><code>
/// Dialling -> [session up]             -> Up        requests may use it, and load reports flow
/// Dialling -> [no endpoint answers]    -> Resting   whoever waits for the session learns it at once
/// Up       -> [session over | reports stay away] -> Resting   a node that can't even report is of no use
/// Resting  -> [backoff over | new card] -> Dialling
/// Up       -> [session over, and the directory doesn't list the node] -> (gone)
/// any      -> [stopped]                -> (gone)
/// </code></remarks>
internal sealed class NodeLink : IDisposable
{
    /// <summary>One handshake with one endpoint.</summary>
    private static readonly TimeSpan _connectMax = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan _restMin = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan _restMax = TimeSpan.FromSeconds(30);

    /// <summary>Three missed reports.</summary>
    private static readonly TimeSpan _reportMax = TimeSpan.FromMilliseconds(3 * InferenceLimits.LoadReportMsMax);

    private readonly NodeConnections _owner;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _run;
    private volatile TaskCompletionSource<MeshConnection> _session = NewSession();
    private volatile TaskCompletionSource _cardChanged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile NodeCard _card;

    /// <summary>Set while the session is up.</summary>
    private volatile MeshConnection? _connection;

    public NodeLink(NodeConnections owner, NodeCard card, ILogger log)
    {
        (_owner, _card, _log) = (owner, card, log);
        _run = Task.Run(RunAsync);
    }

    public PeerId Node => _card.Node;

    public NodeCard Card => _card;

    /// <summary>Completes, never fails, when the link has stopped and its session is closed.</summary>
    public Task Stopped => _run;

    /// <summary>The session if it is up.</summary>
    public MeshConnection? Connection => _connection;

    /// <summary>The session, after a wait if it is being dialled.</summary>
    /// <exception cref="MeshException">The node can't be reached now.</exception>
    public Task<MeshConnection> ConnectAsync(CancellationToken cancellationToken) =>
        _session.Task.WaitAsync(cancellationToken);

    /// <summary>The node published another card: it may be reachable elsewhere.</summary>
    public void OnCard(NodeCard card)
    {
        if (card.Epoch != _card.Epoch)
        {
            _card = card;
            _ = _cardChanged.TrySetResult();
        }
    }

    /// <summary>Stops: closes the session and dials no more; see <see cref="Stopped"/>.</summary>
    public void Dispose() => _stop.Cancel();

    private async Task RunAsync()
    {
        TimeSpan rest = _restMin;
        while (!_stop.IsCancellationRequested)
        {
            TaskCompletionSource<MeshConnection> session = _session;
            try
            {
                await using MeshConnection connection = await DialAsync(_stop.Token);
                rest = _restMin;
                _connection = connection;
                _owner.OnConnected(Node, connection.SmoothedRtt);
                _ = session.TrySetResult(connection);
                await FollowLoadAsync(connection, _stop.Token);
            }
            catch (Exception e) when (e is MeshException or OperationCanceledException or ObjectDisposedException)
            {
                DispatchingLog.SessionOver(_log, Node, e.Message);
            }

            if (_stop.IsCancellationRequested || !OnOver(session))
            {
                break;
            }

            await RestAsync(rest);
            rest = rest * 2 < _restMax ? rest * 2 : _restMax;
            _session = NewSession();
        }

        _connection = null;
        _ = _session.TrySetException(Unreachable());
        _ = _session.Task.Exception; // seen: nobody need be waiting
    }

    /// <summary>Tells who waits and the routes; false if the node isn't to be dialled again.</summary>
    private bool OnOver(TaskCompletionSource<MeshConnection> session)
    {
        _connection = null;
        if (session.TrySetException(Unreachable()))
        {
            _ = session.Task.Exception; // seen: nobody need be waiting
            _owner.OnUnreachable(Node);
        }

        return _owner.OnDisconnected(Node);
    }

    /// <summary>Tries the endpoints of the card, then those that an introduction names.</summary>
    private async Task<MeshConnection> DialAsync(CancellationToken cancellationToken)
    {
        NodeCard card = _card;
        return await DialAsync(card, card.Endpoints, cancellationToken)
            ?? await DialAsync(card, await _owner.IntroduceAsync(Node, cancellationToken), cancellationToken)
            ?? throw new MeshException(MeshError.HandshakeTimeout, 0, "No endpoint of the node answers.");
    }

    private async Task<MeshConnection?> DialAsync(
        NodeCard card, ImmutableArray<PathAddress> endpoints, CancellationToken cancellationToken)
    {
        foreach (PathAddress endpoint in endpoints)
        {
            using CancellationTokenSource late = new(_connectMax, _owner.Time);
            using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
            try
            {
                return await _owner.Host.ConnectAsync(card.Key, endpoint.ToEndPoint(), patience.Token);
            }
            catch (Exception e) when (e is MeshException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                DispatchingLog.EndpointSilent(_log, Node, endpoint);
            }
        }

        return null;
    }

    /// <summary>Reads load reports until the session is over or none comes in time.</summary>
    private async Task FollowLoadAsync(MeshConnection connection, CancellationToken cancellationToken)
    {
        using CancellationTokenSource late = new(_reportMax, _owner.Time);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        await using MessageStream<NodeRequest, NodeResponse> stream =
            new(await connection.OpenStreamAsync(StreamPriority.Control, patience.Token));
        await stream.WriteAsync(new NodeRequest { LoadSubscription = new LoadSubscription() }, patience.Token);
        stream.CompleteWrites();
        while (await stream.ReadAsync(patience.Token) is { } response)
        {
            if (NodeLoad.TryRead(response.Load, out NodeLoad load))
            {
                late.CancelAfter(_reportMax);
                _owner.OnLoad(Node, load, connection.SmoothedRtt);
            }
            else if (NodeLease.TryRead(response.Lease, out NodeLease lease))
            {
                _owner.OnLease(Node, lease);
            }
            else
            {
                throw new MeshException(MeshError.ProtocolViolation, 0, "The node sent neither a load report nor a lease on its load stream.");
            }
        }
    }

    /// <summary>Waits out the backoff, up to half of it at random, so that gateways don't return in step.</summary>
    private async Task RestAsync(TimeSpan rest)
    {
        TimeSpan jittered = rest * (0.5 + (Random.Shared.NextDouble() / 2));
        Task woken = await Task.WhenAny(Task.Delay(jittered, _owner.Time, _stop.Token), _cardChanged.Task);
        if (woken == _cardChanged.Task)
        {
            _cardChanged = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private static MeshException Unreachable() => new(MeshError.ClosedLocally, 0, "The node can't be reached now.");

    private static TaskCompletionSource<MeshConnection> NewSession() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
