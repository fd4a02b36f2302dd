using System;
using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi.Resuming;
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
/// <para>
/// Where the client asked for it, the stream goes on without a connection: events then pass through the log of a
/// <see cref="ResumableStream"/>, from which this response is the first to read.
/// </para>
/// </remarks>
internal sealed class EventStream : IAsyncDisposable
{
    private readonly ApiExchange _exchange;
    private readonly EventRelay? _relay;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly PeriodicTimer _ticks;
    private readonly IGenerationStream _stream;
    private readonly Task _keepalive;

    /// <summary>Set by every write, cleared by every tick.</summary>
    private bool _spoke;

    /// <param name="open">Makes the words of a dialect; they are this response's to dispose.</param>
    /// <param name="resumable">Null: the stream ends with its connection.</param>
    public EventStream(
        ApiExchange exchange, TimeProvider time, Func<IBufferWriter<byte>, IGenerationStream> open, ResumableStream? resumable = null)
    {
        _exchange = exchange;
        _relay = resumable is null ? null : new EventRelay(exchange, resumable);
        _stream = open(_relay is null ? Output : _relay.Words);
        _ticks = new PeriodicTimer(HttpLimits.KeepaliveInterval, time);
        _keepalive = KeepAliveAsync();
    }

    /// <summary>The headers are out: what fails from now on is an event.</summary>
    public bool IsOpen { get; private set; }

    private PipeWriter Output => _exchange.Context.Response.BodyWriter;

    private CancellationToken ClientGone => _exchange.Gone;

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
            await FlushAsync(waits: true);
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
        _relay?.Dispose();
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
        if (_relay is null || _relay.IsAttached)
        {
            PrepareHeaders(_exchange, _stream.ContentType, _relay?.Stream);
        }
    }

    /// <summary>Sets the headers of a stream that is about to begin, or to go on.</summary>
    public static void PrepareHeaders(ApiExchange exchange, string contentType, ResumableStream? resumable)
    {
        HttpResponse response = exchange.Context.Response;
        exchange.StampProcessingTime();
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = contentType;
        response.Headers.CacheControl = "no-cache";
        response.Headers["x-accel-buffering"] = "no";
        if (resumable is not null)
        {
            response.Headers[ResumableStreams.StreamHeader] = resumable.Id;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FlushAsync(bool waits)
    {
        if (_relay is null)
        {
            await Output.FlushAsync(ClientGone);
        }
        else
        {
            await _relay.FlushAsync(waits);
        }
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
                    await FlushAsync(waits: false);
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
