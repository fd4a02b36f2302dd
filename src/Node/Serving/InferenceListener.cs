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
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskGroup _connections = new();
    private readonly Task _accept;
    private int _streams;

    /// <summary>The next going of the node, or the one under way; replaced when the node serves again.</summary>
    private volatile Departure _departure = new();

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

    /// <summary>Refuses what is new, hands over what runs, ends as drained what has nowhere to go, and lets last words leave.</summary>
    public async Task DrainAsync()
    {
        if (await LeaveAsync(ServingState.Draining, _limits.DrainMax))
        {
            await Task.Delay(_limits.LingerMax, _time);
        }
    }

    /// <summary>The owner is back: the same at once, and the sessions stay.</summary>
    public Task PauseAsync() => LeaveAsync(ServingState.Paused, _limits.YieldMax);

    /// <summary>The owner has gone: serves again.</summary>
    public void Resume()
    {
        _departure = new Departure(); // who still runs under the last one keeps it
        _desk.SetState(ServingState.Serving);
    }

    /// <summary>Returns when nothing runs any more; false if nothing did.</summary>
    private async Task<bool> LeaveAsync(ServingState state, TimeSpan grace)
    {
        Departure departure = _departure;
        _desk.SetState(state);
        Task idle = _desk.WhenIdleAsync();
        if (idle.IsCompleted)
        {
            return false;
        }

        await departure.BeginAsync(grace);
        try
        {
            await idle.WaitAsync(grace, _time);
        }
        catch (TimeoutException)
        {
            await departure.EndAsync();
            await Task.WhenAny(idle, Task.Delay(_limits.CancelMax, _time));
        }

        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopAccepting.CancelAsync();
        await _departure.EndAsync();
        await _stop.CancelAsync();
        await _accept;
        await _connections.WhenEmptyAsync();
        _stopAccepting.Dispose();
        _departure.Dispose();
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
                await new InferenceSession(stream, _engine, _desk, _limits, _time, _log, _departure)
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
