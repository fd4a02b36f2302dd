using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Gateway.Telemetry;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>Answers <c>POST /v1/chat/completions</c>.</summary>
/// <param name="stopping">Ends what is still open once the server's time to drain is over.</param>
internal sealed class ChatCompletionsEndpoint(
    IInferenceClient client, ModelsEndpoint models, GatewayMetrics metrics, TimeProvider time, CancellationToken stopping)
{
    /// <summary>
    /// 1. Read the body under its limits. 2. Parse it once. 3. Check what only the served model can tell.
    /// 4. Generate, and write the answer as it comes or whole. 5. Turn a failure into a status, or into the stream's last event.
    /// </summary>
    public async Task HandleAsync(ApiExchange exchange)
    {
        // Step 1: the body, wiped as soon as it is parsed.
        CancellationToken clientGone = exchange.Context.RequestAborted;
        (RequestBody? body, ApiError? error) = await RequestBody.ReadAsync(exchange.Context.Request, clientGone);
        if (error is not null)
        {
            await exchange.FailAsync(error);
            return;
        }

        // Step 2.
        ChatRequest? request;
        using (body)
        {
            error = ChatRequestParser.Parse(body!.Bytes, DrawEntropy(), out request);
        }

        // Step 3: a model that is not listed may have appeared just now, so the client decides about that.
        ServedModel? model = request is null ? null : models.Find(request.Generate.Model);
        if (model is { Tools: false } && request!.Generate.ToolsJson.Length > 0)
        {
            error = ApiError.Unsupported("tools", $"The model '{model.Id}' does not call tools.");
        }

        if (error is not null)
        {
            await exchange.FailAsync(error);
            return;
        }

        // Step 4.
        CompletionHeader header = new(
            ApiExchange.NewId("chatcmpl-"), time.GetUtcNow().ToUnixTimeSeconds(), request!.Generate.Model, model?.Fingerprint);
        using CancellationTokenSource cancel = CancellationTokenSource.CreateLinkedTokenSource(clientGone, stopping);
        IAsyncEnumerator<NodeResponse> source = client.GenerateAsync(request.Generate, cancel.Token).GetAsyncEnumerator(cancel.Token);
        await using (source)
        {
            GenerationReader reader = new(source, (int)request.Generate.Choices);
            await (request.Stream ? StreamAsync(exchange, request, header, reader) : CollectAsync(exchange, request, header, reader));
        }
    }

    private async Task StreamAsync(ApiExchange exchange, ChatRequest request, CompletionHeader header, GenerationReader reader)
    {
        using IDisposable open = metrics.OpenStream();
        await using ServerSentEvents events = new(exchange, time);
        using ChatChunkWriter chunks = new(events.Output, header, request);
        ApiError? error;
        try
        {
            await RelayAsync(exchange, events, chunks, reader);
            error = Settle(exchange, request, reader);
        }
        catch (OperationCanceledException)
        {
            error = Interrupt(exchange);
        }

        // Step 5: while nothing was sent, the failure has its own status.
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
            chunks.WriteEnd(reader.End!.Usage ?? new Usage());
        }
        else
        {
            chunks.WriteError(error);
        }

        await events.LeaveAsync();
    }

    private async Task RelayAsync(ApiExchange exchange, ServerSentEvents events, ChatChunkWriter chunks, GenerationReader reader)
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
                chunks.WriteDelta(response.Delta);
            }
            else
            {
                chunks.WriteChoiceEnd(response.ChoiceEnd);
            }

            await events.LeaveAsync();
        }
    }

    private async Task CollectAsync(ApiExchange exchange, ChatRequest request, CompletionHeader header, GenerationReader reader)
    {
        ChatReply reply = new(header, (int)request.Generate.Choices);
        ApiError? error;
        try
        {
            await CollectAsync(exchange, reply, reader);
            error = Settle(exchange, request, reader);
        }
        catch (OperationCanceledException)
        {
            error = Interrupt(exchange);
        }

        // Step 5.
        if (exchange.Outcome == InferenceOutcome.ClientGone)
        {
            return;
        }

        await (error is null
            ? ApiResponses.WriteJsonAsync(exchange, 200, reader.End!, reply.Write)
            : exchange.FailAsync(error));
    }

    private async Task CollectAsync(ApiExchange exchange, ChatReply reply, GenerationReader reader)
    {
        bool first = true;
        while (await reader.ReadAsync() is { } response)
        {
            if (first)
            {
                first = false;
                metrics.FirstToken(exchange.Elapsed);
            }

            if (response.BodyCase == NodeResponse.BodyOneofCase.ChoiceEnd)
            {
                reply.Add(response.ChoiceEnd);
            }
            else if (!reply.TryAdd(response.Delta))
            {
                reader.Fail("A choice cannot be put together.");
                return;
            }
        }
    }

    /// <summary>Records how the generation ended; returns what the client is told, or null after success.</summary>
    private ApiError? Settle(ApiExchange exchange, ChatRequest request, GenerationReader reader)
    {
        if (reader.Failure is { } failure)
        {
            exchange.Outcome = failure.Outcome;
            return OutcomeErrors.Describe(failure, request.Generate.Model);
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

    private static RequestEntropy DrawEntropy()
    {
        byte[] id = RandomNumberGenerator.GetBytes(16);
        Span<byte> seed = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(seed);
        return new RequestEntropy(id, BinaryPrimitives.ReadUInt64LittleEndian(seed));
    }
}
