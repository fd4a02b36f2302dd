using System;
using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>The response that carries one stream of events: it begins late, and never falls silent.</summary>
/// <remarks>
/// <code>
/// Waiting  -> [first event]        -> Open
/// Waiting  -> [a second of silence]-> Open     headers and a comment: no proxy or client gives up on a long prefill
/// Waiting  -> [stop]               -> Stopped  nothing was sent, so the failure still gets its own HTTP status
/// Open     -> [event | silence]    -> Open
/// Open     -> [stop]               -> Stopped
/// </code>
/// Between <see cref="EnterAsync"/> and <see cref="LeaveAsync"/> the caller alone writes to the stream.
/// </remarks>
internal sealed class EventStream : IAsyncDisposable
{
    private readonly ApiExchange _exchange;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly PeriodicTimer _ticks;
    private readonly IGenerationStream _stream;
    private readonly Task _keepalive;

    /// <summary>Set by every write, cleared by every tick.</summary>
    private bool _spoke;

    /// <param name="open">Makes the words of a dialect; they are this response's to dispose.</param>
    public EventStream(ApiExchange exchange, TimeProvider time, Func<IBufferWriter<byte>, IGenerationStream> open)
    {
        _exchange = exchange;
        _stream = open(exchange.Context.Response.BodyWriter);
        _ticks = new PeriodicTimer(HttpLimits.KeepaliveInterval, time);
        _keepalive = KeepAliveAsync();
    }

    /// <summary>The headers are out: what fails from now on is an event.</summary>
    public bool IsOpen { get; private set; }

    private PipeWriter Output => _exchange.Context.Response.BodyWriter;

    private CancellationToken ClientGone => _exchange.Context.RequestAborted;

    /// <summary>Waits for the right to write, and opens the response if it is still waiting.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<IGenerationStream> EnterAsync()
    {
        await _gate.WaitAsync(ClientGone);
        try
        {
            Open();
            return _stream;
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
        _stream.Dispose();
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
        response.ContentType = _stream.ContentType;
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
                    _stream.WriteKeepalive();
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
