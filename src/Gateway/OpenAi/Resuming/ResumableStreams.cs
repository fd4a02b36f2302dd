using System;
using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi.Responses;
using Microsoft.AspNetCore.Http;

namespace Darkbloom.Gateway.OpenAi.Resuming;

/// <summary>The streams of this gateway whose clients asked to be able to come back.</summary>
internal sealed class ResumableStreams(TimeProvider time)
{
    /// <summary>In a request: for how many seconds the stream waits for its client, should the connection break.</summary>
    public const string AbsenceHeader = "Darkbloom-Resume";

    /// <summary>In a response: the stream's id; its events are that, a hyphen and their number from 1 on.</summary>
    public const string StreamHeader = "Darkbloom-Stream";

    private const string LastEventHeader = "Last-Event-ID";

    /// <summary>Not a block of its own: some clients take an empty block for an event once they have seen an id.</summary>
    public static ReadOnlySpan<byte> Comment => ": keepalive\n"u8;

    private readonly ConcurrentDictionary<string, ResumableStream> _streams = new();

    /// <summary>Whether the request wants a stream that it has begun to read already.</summary>
    public static bool IsResumption(ApiExchange exchange) =>
        exchange.Path.IsInference && exchange.Context.Request.Headers.ContainsKey(LastEventHeader);

    /// <summary>Reads what the request says of its absence; returns what is wrong with it, or null.</summary>
    public ApiError? Read(ApiExchange exchange)
    {
        string text = exchange.Context.Request.Headers[AbsenceHeader].ToString();
        if (text.Length == 0)
        {
            return null;
        }

        if (exchange.Dialect == ApiDialect.Ollama)
        {
            return ApiError.Unsupported(AbsenceHeader, "Only streams of server-sent events can be resumed.");
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) || seconds is < 1 or > ResumeLimits.AbsenceSecondsMax)
        {
            return ApiError.Invalid(
                $"Invalid value for the header '{AbsenceHeader}': expected whole seconds from 1 to {ResumeLimits.AbsenceSecondsMax}.",
                AbsenceHeader,
                "invalid_value");
        }

        if (_streams.Count >= ResumeLimits.StreamsMax)
        {
            return ApiError.Overloaded();
        }

        exchange.AbsenceMax = TimeSpan.FromSeconds(seconds);
        return null;
    }

    public ResumableStream Begin(ApiExchange exchange, TimeSpan absenceMax)
    {
        string key = AccessPolicy.PresentedKey(exchange.Context.Request);
        ResumableStream stream = new(ApiExchange.NewId("stream_"), key, absenceMax, time, Drop);
        _streams[stream.Id] = stream;
        return stream;
    }

    /// <summary>Sends what follows the event that the client names, then what comes, to the end.</summary>
    public async Task ResumeAsync(ApiExchange exchange)
    {
        HttpRequest request = exchange.Context.Request;
        if (!EventId.TryParse(request.Headers[LastEventHeader].ToString(), out string id, out long number))
        {
            await exchange.FailAsync(ApiError.Invalid($"The header '{LastEventHeader}' is no id of an event of this gateway.", LastEventHeader, "invalid_value"));
            return;
        }

        if (!_streams.TryGetValue(id, out ResumableStream? stream) || !stream.IsOwnedBy(AccessPolicy.PresentedKey(request)))
        {
            await exchange.FailAsync(NotFound());
        }
        else if (!stream.Log.Holds(number))
        {
            await exchange.FailAsync(Gone());
        }
        else if (stream.TryAttach() is not { } reader)
        {
            await exchange.FailAsync(NotFound());
        }
        else
        {
            try
            {
                await SendAsync(exchange, stream, number, reader.Token);
            }
            finally
            {
                stream.Detach(reader);
            }
        }
    }

    private async Task SendAsync(ApiExchange exchange, ResumableStream stream, long number, CancellationToken displaced)
    {
        using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(exchange.Context.RequestAborted, displaced);
        PipeWriter output = exchange.Context.Response.BodyWriter;
        EventStream.PrepareHeaders(exchange, IGenerationStream.EventStreamType, stream);
        try
        {
            while (stream.Log.Read(ref number, output) is true)
            {
                await output.FlushAsync(gone.Token);
                try
                {
                    await stream.Log.WaitForEventsAsync(number, gone.Token).WaitAsync(HttpLimits.KeepaliveInterval, time, gone.Token);
                }
                catch (TimeoutException)
                {
                    output.Write(Comment);
                }
            }

            await output.FlushAsync(gone.Token);
        }
        catch (Exception e) when (gone.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            // The client has gone again, or reads on another connection: this one has nothing more to say.
            exchange.Context.Abort();
        }
    }

    private static ApiError NotFound() => new(
        404, "There is no such stream: it ended a while ago, or its client was away for too long.", ApiError.InvalidRequestType, LastEventHeader, "stream_not_found");

    private static ApiError Gone() => new(
        410, "What follows this event is not kept any more, or the stream never had it.", ApiError.InvalidRequestType, LastEventHeader, "events_gone");

    private void Drop(ResumableStream stream)
    {
        if (_streams.TryRemove(stream.Id, out _))
        {
            stream.Dispose();
        }
    }
}
