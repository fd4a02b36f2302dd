using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Gateway.Telemetry;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>Takes a generation from the mesh to the client, as it comes or whole, in whatever words a dialect has for it.</summary>
/// <param name="stopping">Ends what is still open once the server's time to drain is over.</param>
internal sealed class GenerationRelay(GatewayMetrics metrics, TimeProvider time, CancellationToken stopping)
{
    /// <summary>Sends each message as events of the stream that <paramref name="open"/> makes.</summary>
    public Task StreamAsync(
        ApiExchange exchange,
        MeshAnswer answer,
        Func<ServerSentEvents, IGenerationStream> open) =>
        RunAsync(exchange, answer, reader => StreamAsync(exchange, answer, open, reader));

    /// <summary>Collects all messages and answers with one object.</summary>
    public Task CollectAsync(ApiExchange exchange, MeshAnswer answer, IGenerationReply reply) =>
        RunAsync(exchange, answer, reader => CollectAsync(exchange, answer, reply, reader));

    private async Task RunAsync(ApiExchange exchange, MeshAnswer answer, Func<GenerationReader, Task> run)
    {
        using CancellationTokenSource cancel =
            CancellationTokenSource.CreateLinkedTokenSource(exchange.Context.RequestAborted, stopping);
        await using IAsyncEnumerator<NodeResponse> source = answer.Generate(cancel.Token).GetAsyncEnumerator(cancel.Token);
        await run(new GenerationReader(source, answer.Choices));
    }

    private async Task StreamAsync(
        ApiExchange exchange, MeshAnswer answer, Func<ServerSentEvents, IGenerationStream> open, GenerationReader reader)
    {
        using IDisposable counted = metrics.OpenStream();
        await using ServerSentEvents events = new(exchange, time);
        using IGenerationStream stream = open(events);
        ApiError? error;
        try
        {
            await RelayAsync(exchange, events, stream, reader);
            error = Settle(exchange, answer, reader);
        }
        catch (OperationCanceledException)
        {
            error = Interrupt(exchange);
        }

        // While nothing was sent, the failure has its own status.
        await events.StopAsync();
        if (exchange.Outcome == InferenceOutcome.ClientGone)
        {
            return;
        }

        if (error is not null && !events.IsOpen)
        {
            await exchange.FailAsync(error);
            return;
        }

        await events.EnterAsync();
        if (error is null)
        {
            stream.WriteEnd(reader.End!);
        }
        else
        {
            stream.WriteError(error);
        }

        await events.LeaveAsync();
    }

    private async Task RelayAsync(ApiExchange exchange, ServerSentEvents events, IGenerationStream stream, GenerationReader reader)
    {
        bool first = true;
        while (await reader.ReadAsync() is { } response)
        {
            await events.EnterAsync();
            if (first)
            {
                first = false;
                metrics.FirstToken(exchange.Elapsed);
            }

            if (response.BodyCase == NodeResponse.BodyOneofCase.Delta)
            {
                stream.WriteDelta(response.Delta);
            }
            else if (response.BodyCase == NodeResponse.BodyOneofCase.ChoiceEnd)
            {
                stream.WriteChoiceEnd(response.ChoiceEnd);
            }

            await events.LeaveAsync();
        }
    }

    private async Task CollectAsync(ApiExchange exchange, MeshAnswer answer, IGenerationReply reply, GenerationReader reader)
    {
        ApiError? error;
        try
        {
            await CollectAsync(exchange, reply, reader);
            error = Settle(exchange, answer, reader);
        }
        catch (OperationCanceledException)
        {
            error = Interrupt(exchange);
        }

        if (exchange.Outcome == InferenceOutcome.ClientGone)
        {
            return;
        }

        error ??= reply.Error;
        await (error is null
            ? ApiResponses.WriteJsonAsync(exchange, 200, reader.End!, reply.Write)
            : exchange.FailAsync(error));
    }

    private async Task CollectAsync(ApiExchange exchange, IGenerationReply reply, GenerationReader reader)
    {
        bool first = true;
        while (await reader.ReadAsync() is { } response)
        {
            if (first)
            {
                first = false;
                metrics.FirstToken(exchange.Elapsed);
            }

            if (!reply.TryAdd(response))
            {
                reader.Fail("The answer cannot be put together.");
                return;
            }
        }
    }

    /// <summary>Records how the generation ended; returns what the client is told, or null after success.</summary>
    private ApiError? Settle(ApiExchange exchange, MeshAnswer answer, GenerationReader reader)
    {
        if (reader.Failure is { } failure)
        {
            exchange.Outcome = failure.Outcome;
            return OutcomeErrors.Describe(failure, answer.Model);
        }

        exchange.Outcome = InferenceOutcome.Completed;
        metrics.Count(reader.End!.Usage ?? new Usage());
        return null;
    }

    /// <summary>The generation was cancelled: by the client's leaving, or by the end of the server's time to drain.</summary>
    private static ApiError? Interrupt(ApiExchange exchange)
    {
        if (exchange.Context.RequestAborted.IsCancellationRequested)
        {
            exchange.Outcome = InferenceOutcome.ClientGone;
            return null;
        }

        return ApiError.Stopping();
    }
}
