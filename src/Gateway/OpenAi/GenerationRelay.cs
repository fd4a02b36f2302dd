using System;
using System.Buffers;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Gateway.OpenAi.Resuming;
using Darkbloom.Gateway.Telemetry;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>Takes a generation from the mesh to the client, as it comes or whole, in whatever words a dialect has for it.</summary>
/// <param name="stopping">Ends what is still open once the server's time to drain is over.</param>
internal sealed class GenerationRelay(GatewayMetrics metrics, TimeProvider time, CancellationToken stopping)
{
    private const string Unusable = "The answer cannot be put together.";

    /// <summary>The clients without a first token.</summary>
    public WaitingRequests Waiting { get; } = new();

    /// <summary>The streams whose clients may come back.</summary>
    public ResumableStreams Resumables { get; } = new(time);

    /// <summary>Answers a client in the form that it asked for.</summary>
    public Task AnswerAsync(ApiExchange exchange, PreparedAnswer prepared) =>
        prepared.Open is { } open ? StreamAsync(exchange, prepared.Answer, open) : CollectAsync(exchange, prepared.Answer, prepared.Reply);

    /// <summary>Sends each message as events of the stream that <paramref name="open"/> makes.</summary>
    public Task StreamAsync(
        ApiExchange exchange,
        MeshAnswer answer,
        Func<IBufferWriter<byte>, IGenerationStream> open)
    {
        ResumableStream? resumable = exchange.AbsenceMax is { } absence ? Resumables.Begin(exchange, absence) : null;
        exchange.Gone = resumable?.Abandoned ?? exchange.Gone;
        return RunAsync(answer, reader => StreamAsync(exchange, answer, open, resumable, reader), exchange.Gone);
    }

    /// <summary>Collects all messages and answers with one object.</summary>
    public Task CollectAsync(ApiExchange exchange, MeshAnswer answer, IGenerationReply reply) =>
        RunAsync(answer, reader => CollectAsync(exchange, answer, reply, reader), exchange.Gone);

    /// <summary>Collects all messages while no client waits for them.</summary>
    /// <returns>The last message, or what a client is told instead.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled, or the server's time to drain is over.</exception>
    public async Task<(GenerationEnd? End, ApiError? Error)> GatherAsync(
        MeshAnswer answer, IGenerationReply reply, CancellationToken cancellationToken)
    {
        GenerationEnd? end = null;
        ApiError? error = null;
        await RunAsync(
            answer,
            async reader =>
            {
                await GatherAsync(reply, reader, static () => { });
                end = reader.End;
                error = Judge(answer, reader);
            },
            cancellationToken);
        return (end, error);
    }

    private async Task RunAsync(MeshAnswer answer, Func<GenerationReader, Task> run, CancellationToken cancellationToken)
    {
        using CancellationTokenSource cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        await using IAsyncEnumerator<NodeResponse> source = answer.Generate(cancel.Token).GetAsyncEnumerator(cancel.Token);
        await run(new GenerationReader(source, answer.Choices));
    }

    private async Task StreamAsync(
        ApiExchange exchange,
        MeshAnswer answer,
        Func<IBufferWriter<byte>, IGenerationStream> open,
        ResumableStream? resumable,
        GenerationReader reader)
    {
        using IDisposable counted = metrics.OpenStream();
        using IDisposable waiting = Waiting.Begin(answer.Model);
        await using EventStream events = new(exchange, time, open, resumable);
        ApiError? error;
        try
        {
            await RelayAsync(exchange, events, reader, waiting);
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

        IGenerationStream stream = await events.EnterAsync();
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

    private async Task RelayAsync(ApiExchange exchange, EventStream events, GenerationReader reader, IDisposable waiting)
    {
        bool first = true;
        while (await reader.ReadAsync() is { } response)
        {
            IGenerationStream stream = await events.EnterAsync();
            if (first)
            {
                first = false;
                waiting.Dispose();
                metrics.FirstToken(exchange.Elapsed);
                stream.Begin(reader.PromptTokens);
            }

            if (response.BodyCase == NodeResponse.BodyOneofCase.ChoiceEnd)
            {
                stream.WriteChoiceEnd(response.ChoiceEnd);
            }
            else if (response.BodyCase != NodeResponse.BodyOneofCase.Delta)
            {
                stream.WriteResult(response);
            }
            else if (!stream.TryWriteDelta(response.Delta))
            {
                reader.Fail(Unusable);
            }

            await events.LeaveAsync();
            if (reader.Failure is not null)
            {
                return;
            }
        }
    }

    private async Task CollectAsync(ApiExchange exchange, MeshAnswer answer, IGenerationReply reply, GenerationReader reader)
    {
        using IDisposable waiting = Waiting.Begin(answer.Model);
        ApiError? error;
        try
        {
            await GatherAsync(reply, reader, () =>
            {
                waiting.Dispose();
                metrics.FirstToken(exchange.Elapsed);
            });
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
            ? reply.SendAsync(exchange, reader.End!)
            : exchange.FailAsync(error));
    }

    private static async Task GatherAsync(IGenerationReply reply, GenerationReader reader, Action begin)
    {
        bool first = true;
        while (await reader.ReadAsync() is { } response)
        {
            if (first)
            {
                first = false;
                begin();
            }

            if (!reply.TryAdd(response))
            {
                reader.Fail(Unusable);
                return;
            }
        }
    }

    /// <summary>Records how the generation ended; returns what the client is told, or null after success.</summary>
    private ApiError? Settle(ApiExchange exchange, MeshAnswer answer, GenerationReader reader)
    {
        exchange.Outcome = reader.Failure?.Outcome ?? InferenceOutcome.Completed;
        return Judge(answer, reader);
    }

    private ApiError? Judge(MeshAnswer answer, GenerationReader reader)
    {
        if (reader.Failure is { } failure)
        {
            return answer.Rename(OutcomeErrors.Describe(failure, answer.Model));
        }

        metrics.Count(reader.End!.Usage ?? new Usage());
        return null;
    }

    /// <summary>The generation was cancelled: by the client's leaving, or by the end of the server's time to drain.</summary>
    private static ApiError? Interrupt(ApiExchange exchange)
    {
        if (exchange.Gone.IsCancellationRequested)
        {
            exchange.Outcome = InferenceOutcome.ClientGone;
            return null;
        }

        return ApiError.Stopping();
    }
}
