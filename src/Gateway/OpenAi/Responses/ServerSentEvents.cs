using System;
using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>The response of one event stream: it begins late, and never falls silent.</summary>
/// <remarks>
/// <code>
/// Waiting  -> [first event]        -> Open
/// Waiting  -> [a second of silence]-> Open     headers and a comment: no proxy or client gives up on a long prefill
/// Waiting  -> [stop]               -> Stopped  nothing was sent, so the failure still gets its own HTTP status
/// Open     -> [event | silence]    -> Open
/// Open     -> [stop]               -> Stopped
/// </code>
/// Between <see cref="EnterAsync"/> and <see cref="LeaveAsync"/> the caller alone writes to <see cref="Output"/>.
/// </remarks>
internal sealed class ServerSentEvents : IAsyncDisposable
{
    private readonly ApiExchange _exchange;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly PeriodicTimer _ticks;
    private readonly Task _keepalive;

    /// <summary>Set by every write, cleared by every tick.</summary>
    private bool _spoke;

    public ServerSentEvents(ApiExchange exchange, TimeProvider time)
    {
        _exchange = exchange;
        _ticks = new PeriodicTimer(HttpLimits.KeepaliveInterval, time);
        _keepalive = KeepAliveAsync();
    }

    /// <summary>The headers are out: what fails from now on is an event.</summary>
    public bool IsOpen { get; private set; }

    public PipeWriter Output => _exchange.Context.Response.BodyWriter;

    private CancellationToken ClientGone => _exchange.Context.RequestAborted;

    /// <summary>Waits for the right to write, and opens the response if it is still waiting.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask EnterAsync()
    {
        await _gate.WaitAsync(ClientGone);
        try
        {
            Open();
        }
        catch
        {
            _gate.Release();
            throw;
        }
    }

    /// <summary>Sends what was written, at the pace of the client.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask LeaveAsync()
    {
        try
        {
            _spoke = true;
            await Output.FlushAsync(ClientGone);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Ends the comments; <see cref="IsOpen"/> changes no more unless the caller writes.</summary>
    public async ValueTask StopAsync()
    {
        await _stop.CancelAsync();
        await _keepalive;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _ticks.Dispose();
        _stop.Dispose();
        _gate.Dispose();
    }

    /// <summary>Decides the headers; they leave with the first bytes of the body, in one packet.</summary>
    private void Open()
    {
        if (IsOpen)
        {
            return;
        }

        IsOpen = true;
        HttpResponse response = _exchange.Context.Response;
        _exchange.StampProcessingTime();
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        response.Headers["x-accel-buffering"] = "no";
    }

    private async Task KeepAliveAsync()
    {
        try
        {
            while (await _ticks.WaitForNextTickAsync(_stop.Token))
            {
                // A writer that holds the gate is waiting for the client to read: nothing to keep alive.
                bool spoke = _spoke;
                _spoke = false;
                if (spoke || !await _gate.WaitAsync(TimeSpan.Zero, CancellationToken.None))
                {
                    continue;
                }

                try
                {
                    Open();
                    Output.Write(": keepalive\n\n"u8);
                    await Output.FlushAsync(ClientGone);
                }
                finally
                {
                    _gate.Release();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped, or the client went away: its own token tells the caller.
        }
    }
}
