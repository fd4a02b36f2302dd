using System;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Microsoft.AspNetCore.Http;

namespace Darkbloom.Gateway.Batches;

/// <summary>Answers <c>/v1/batches</c> and what is below it.</summary>
internal sealed class BatchesEndpoint(BatchStore store, BatchRunner runner, Func<ApiExchange, string> ownerOf)
{
    public async Task CreateAsync(ApiExchange exchange)
    {
        (BatchRequest? request, ApiError? error) = await RequestReader.ReadAsync<BatchRequest>(exchange, BatchRequest.Parse);
        Batch? batch = null;
        if (error is null)
        {
            (batch, error) = store.Create(ownerOf(exchange), request!);
        }

        if (error is not null)
        {
            await exchange.FailAsync(error);
            return;
        }

        BatchState created = batch!.State;
        runner.Start(batch);
        await WriteAsync(exchange, created);
    }

    public ValueTask ListAsync(ApiExchange exchange) =>
        ListPage.Read(
            exchange.Context.Request.Query, store.List(ownerOf(exchange)), static batch => batch.Id, ListPage.Usual, out ListPage<BatchState> page) is { } error
            ? exchange.FailAsync(error)
            : ApiResponses.WriteJsonAsync(exchange, 200, page, static (json, page) =>
                page.Write(json, static batch => batch.Id, static (json, batch) => batch.Write(json)));

    public ValueTask GetAsync(ApiExchange exchange) =>
        store.Find(ownerOf(exchange), exchange.Item) is { } batch ? WriteAsync(exchange, batch.State) : exchange.FailAsync(NotFound(exchange.Item));

    /// <summary>Answers <c>POST /v1/batches/{id}/cancel</c>: lines that are answered stay answered.</summary>
    public async Task CancelAsync(ApiExchange exchange)
    {
        if (store.Find(ownerOf(exchange), exchange.Item) is not { } batch)
        {
            await exchange.FailAsync(NotFound(exchange.Item));
            return;
        }

        bool changes = batch.TryAdvance(known =>
            known.Status is BatchStatus.Validating or BatchStatus.InProgress ? known.Reach(BatchStatus.Cancelling, store.Now) : null);
        BatchState state = batch.State;
        if (changes)
        {
            await batch.Cancelled.CancelAsync();
        }
        else if (state.Status is not (BatchStatus.Cancelling or BatchStatus.Cancelled))
        {
            await exchange.FailAsync(new ApiError(
                StatusCodes.Status409Conflict, $"Cannot cancel a batch with status '{state.StatusName}'.", ApiError.InvalidRequestType, null, null));
            return;
        }

        await WriteAsync(exchange, state);
    }

    private static ValueTask WriteAsync(ApiExchange exchange, BatchState batch) =>
        ApiResponses.WriteJsonAsync(exchange, 200, batch, static (json, batch) => batch.Write(json));

    private static ApiError NotFound(string id) =>
        new(StatusCodes.Status404NotFound, $"No batch found with id '{ApiError.Echo(id)}'.", ApiError.InvalidRequestType, null, null);
}
