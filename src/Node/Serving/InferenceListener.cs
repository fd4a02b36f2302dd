using System;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Node.Engines;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Node.Serving;

/// <summary>Accepts the sessions and streams of gateways, no more than it may, and serves each on its own.</summary>
internal sealed class InferenceListener : IAsyncDisposable
{
    private readonly MeshHost _host;
    private readonly IEngine _engine;
    private readonly AdmissionDesk _desk;
    private readonly ServingLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopAccepting = new();
    private readonly CancellationTokenSource _drained = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskGroup _connections = new();
    private readonly Task _accept;
    private int _streams;

    public InferenceListener(
        MeshHost host, IEngine engine, AdmissionDesk desk, ServingLimits limits, TimeProvider time, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(loggers);
        (_host, _engine, _desk, _limits, _time) = (host, engine, desk, limits, time);
        _log = loggers.CreateLogger<InferenceListener>();
        _accept = Task.Run(AcceptAsync);
    }

    /// <summary>Streams that are served now.</summary>
    public int Streams => Volatile.Read(ref _streams);

    /// <summary>Refuses what is new, gives what runs its time, then ends it as drained.</summary>
    public async Task DrainAsync()
    {
        _desk.SetState(ServingState.Draining);
        Task idle = _desk.WhenIdleAsync();
        if (idle.IsCompleted)
        {
            return;
        }

        try
        {
            await idle.WaitAsync(_limits.DrainMax, _time);
        }
        catch (TimeoutException)
        {
            await _drained.CancelAsync();
            await Task.WhenAny(idle, Task.Delay(_limits.CancelMax, _time));
        }

        await Task.Delay(_limits.LingerMax, _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopAccepting.CancelAsync();
        await _drained.CancelAsync();
        await _stop.CancelAsync();
        await _accept;
        await _connections.WhenEmptyAsync();
        _stopAccepting.Dispose();
        _drained.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                MeshConnection connection = await _host.AcceptConnectionAsync(_stopAccepting.Token);
                if (connection.RemoteTicket is not { } ticket || (ticket.Ticket.Roles & PeerRoles.Gateway) == 0)
                {
                    ServingLog.NotPermitted(_log, connection.RemoteId);
                    await connection.CloseAsync((ulong)InferenceStreamError.NotPermitted, "only gateways may ask a node");
                }
                else if (!_connections.TryRun(() => ServeAsync(connection), _limits.ConnectionsMax))
                {
                    ServingLog.TooManySessions(_log, connection.RemoteId);
                    await connection.CloseAsync((ulong)InferenceStreamError.TooMany, "the node has as many sessions as it may");
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or MeshException or ObjectDisposedException)
        {
            ServingLog.StoppedAccepting(_log);
        }
    }

    private async Task ServeAsync(MeshConnection connection)
    {
        TaskGroup ofConnection = new();
        try
        {
            while (true)
            {
                MeshStream stream = await connection.AcceptStreamAsync(_stop.Token);
                if (!ofConnection.TryStart(() => ServeAsync(stream), _limits.StreamsPerConnectionMax))
                {
                    stream.Abort(StreamDirection.Both, (ulong)InferenceStreamError.TooMany);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or MeshException or ObjectDisposedException)
        {
            ServingLog.SessionOver(_log, connection.RemoteId);
        }

        await ofConnection.WhenEmptyAsync();
        await connection.DisposeAsync();
    }

    private async Task ServeAsync(MeshStream stream)
    {
        await using MessageStream<NodeResponse, NodeRequest> messages = new(stream);
        try
        {
            if (Interlocked.Increment(ref _streams) <= _limits.StreamsMax)
            {
                await ServeAsync(messages);
            }
            else
            {
                stream.Abort(StreamDirection.Both, (ulong)InferenceStreamError.TooMany);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or MeshException or ObjectDisposedException)
        {
            ServingLog.StreamOver(_log, stream.Connection.RemoteId);
        }
        finally
        {
            _ = Interlocked.Decrement(ref _streams);
        }
    }

    private async Task ServeAsync(MessageStream<NodeResponse, NodeRequest> stream)
    {
        NodeRequest? request;
        using (CancellationTokenSource late = new(_limits.FirstMessageMax, _time))
        using (CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, late.Token))
        {
            request = await stream.ReadAsync(patience.Token);
        }

        switch (request?.BodyCase)
        {
            case NodeRequest.BodyOneofCase.Offer:
                await new InferenceSession(stream, _engine, _desk, _limits, _time, _log, _drained.Token)
                    .ServeAsync(request.Offer, _stop.Token);
                break;
            case NodeRequest.BodyOneofCase.LoadSubscription:
                await LoadSession.ServeAsync(stream, _desk, _limits, _time, _stop.Token);
                break;
            default:
                ServingLog.Violated(_log, stream.Stream.Connection.RemoteId);
                stream.Stream.Abort(StreamDirection.Both, (ulong)InferenceStreamError.Violation);
                break;
        }
    }
}
