using System;
using System.Text.Json;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Gateway.Responses;

/// <summary>Answers <c>POST /v1/responses</c>, and what is asked of a response later.</summary>
internal sealed class ResponsesEndpoint(
    IInferenceClient client, ModelsEndpoint models, GenerationRelay relay, TimeProvider time, ILogger log)
{
    private readonly ResponseStore _store = new(time);
    private readonly BackgroundResponses _background = new(relay, time, log);

    /// <summary>
    /// 1. Read the body and parse it once, with the conversation that it goes on from. 2. Check what only the served model
    /// can tell. 3. Generate in the background, as events, or whole; what is stored is kept before the client sees its end.
    /// </summary>
    public async Task CreateAsync(ApiExchange exchange)
    {
        KeptResponses kept = Kept(exchange);
        if (await ReadAsync(exchange, kept) is not { } request)
        {
            return;
        }

        // Step 3.
        ResponseObject response = new(request, request.Generate.Model, time.GetUtcNow().ToUnixTimeSeconds(), kept);
        MeshAnswer answer = AnswerTo(request);
        if (request.IsBackground)
        {
            await (_background.TryStart(response, answer, kept)
                ? WriteKeptAsync(exchange, kept.Find(response.Id)!)
                : exchange.FailAsync(ApiError.Overloaded()).AsTask());
            return;
        }

        Action keep = request.IsStored ? () => kept.Keep(response) : static () => { };
        await (request.Stream is null
            ? relay.CollectAsync(exchange, answer, new ResponseReply(response, time, keep))
            : relay.StreamAsync(exchange, answer, output => new ResponseEventWriter(output, response, request, time, keep)));
    }

    /// <summary>Returns what is wrong with a body of a batch, or null and what the mesh is asked: its response isn't kept.</summary>
    public ApiError? Prepare(ReadOnlyMemory<byte> body, out PreparedAnswer? prepared)
    {
        prepared = null;
        KeptResponses none = new(_store, ApiExchange.NewId("batch_"));
        if (ResponsesRequestParser.Parse(body, RequestEntropy.Draw(), none, out ResponsesRequest? request) is { } error)
        {
            return error;
        }

        if (request!.IsBackground)
        {
            return ApiError.Unsupported("background", "The lines of a batch are answered in the background anyway.");
        }

        if (models.Resolve(request.Generate, out _) is { } unable)
        {
            return ResponseParams.Rename(unable);
        }

        request = request with { IsStored = false };
        ResponseObject response = new(request, request.Generate.Model, time.GetUtcNow().ToUnixTimeSeconds(), none);
        prepared = new PreparedAnswer(
            AnswerTo(request),
            new ResponseReply(response, time, keep: static () => { }),
            request.Stream is null ? null : output => new ResponseEventWriter(output, response, request, time, keep: static () => { }));
        return null;
    }

    /// <summary>Answers <c>POST /v1/responses/input_tokens</c>: how long the prompt would be.</summary>
    public async Task CountAsync(ApiExchange exchange)
    {
        if (await ReadAsync(exchange, Kept(exchange)) is not { } request)
        {
            return;
        }

        request.Generate.Tokenization = new TokenizationTask();
        await relay.CollectAsync(
            exchange, MeshAnswer.To(request.Generate, client) with { Rename = ResponseParams.Rename }, new InputTokensReply("response.input_tokens"));
    }

    /// <summary>Answers <c>GET</c> and <c>DELETE /v1/responses/{id}</c>.</summary>
    public async Task HandleOneAsync(ApiExchange exchange)
    {
        KeptResponses kept = Kept(exchange);
        if (kept.Find(exchange.Item) is not { } found)
        {
            await exchange.FailAsync(NotFound(exchange.Item));
        }
        else if (exchange.Context.Request.Method != "DELETE")
        {
            await (exchange.Context.Request.Query["stream"] == "true"
                ? exchange.FailAsync(ApiError.Unsupported("stream", "Poll the response, or stream it when it is created.")).AsTask()
                : WriteKeptAsync(exchange, found));
        }
        else
        {
            await _background.CancelAsync(exchange.Item);
            kept.TryRemove(exchange.Item);
            await ApiResponses.WriteJsonAsync(exchange, 200, exchange.Item, static (json, id) =>
            {
                json.WriteStartObject();
                json.WriteString("id"u8, id);
                json.WriteString("object"u8, "response"u8);
                json.WriteBoolean("deleted"u8, true);
                json.WriteEndObject();
            });
        }
    }

    /// <summary>Answers <c>POST /v1/responses/{id}/cancel</c>; a response that is over stays as it is.</summary>
    public async Task CancelAsync(ApiExchange exchange)
    {
        KeptResponses kept = Kept(exchange);
        if (kept.Find(exchange.Item) is not { } found)
        {
            await exchange.FailAsync(NotFound(exchange.Item));
            return;
        }

        if (!found.Response.GetProperty("background").GetBoolean())
        {
            await exchange.FailAsync(ApiError.Invalid("Cannot cancel a synchronous response.", "response_id", null));
            return;
        }

        await _background.CancelAsync(exchange.Item);
        await WriteKeptAsync(exchange, Kept(exchange).Find(exchange.Item) ?? found);
    }

    /// <summary>Answers <c>GET /v1/responses/{id}/input_items</c>.</summary>
    public async Task ListInputAsync(ApiExchange exchange)
    {
        if (Kept(exchange).Find(exchange.Item) is not { } found)
        {
            await exchange.FailAsync(NotFound(exchange.Item));
        }
        else if (ListPage.Read(exchange.Context.Request.Query, found.Input, IdOf, ListPage.Usual, out ListPage<JsonElement> page) is { } error)
        {
            await exchange.FailAsync(error);
        }
        else
        {
            await ApiResponses.WriteJsonAsync(exchange, 200, page, static (json, shown) =>
                shown.Write(json, IdOf, static (json, item) => item.WriteTo(json)));
        }
    }

    private MeshAnswer AnswerTo(ResponsesRequest request) =>
        (request.MayTruncate
            ? TruncatedAnswer.To(request.Generate, client, request.CacheKey)
            : MeshAnswer.To(request.Generate, client, request.CacheKey)) with
        {
            Rename = ResponseParams.Rename,
        };

    private KeptResponses Kept(ApiExchange exchange) => new(_store, AccessPolicy.PresentedKey(exchange.Context.Request));

    /// <summary>Reads and checks a request; null after it was refused.</summary>
    private async Task<ResponsesRequest?> ReadAsync(ApiExchange exchange, KeptResponses kept)
    {
        // Step 1.
        (ResponsesRequest? request, ApiError? error) = await RequestReader.ReadAsync<ResponsesRequest>(
            exchange,
            (ReadOnlyMemory<byte> body, out ResponsesRequest? read) => ResponsesRequestParser.Parse(body, RequestEntropy.Draw(), kept, out read));

        // Step 2.
        if (error is null && models.Resolve(request!.Generate, out _) is { } unable)
        {
            error = ResponseParams.Rename(unable);
        }

        if (error is null)
        {
            return request;
        }

        await exchange.FailAsync(error);
        return null;
    }

    private static async Task WriteKeptAsync(ApiExchange exchange, KeptResponse kept) =>
        await ApiResponses.WriteJsonAsync(exchange, 200, kept.Response, static (json, response) => response.WriteTo(json));

    private static string IdOf(JsonElement item) => item.GetProperty("id").GetString()!;

    private static ApiError NotFound(string id) =>
        new(404, $"Response with id '{ApiError.Echo(id)}' not found.", ApiError.InvalidRequestType, null, null);
}
