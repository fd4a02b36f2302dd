using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.Responses;
using Microsoft.AspNetCore.Http;

namespace Darkbloom.Gateway.OpenAi.Stored;

/// <summary>Answers what is asked later of completions that were stored.</summary>
internal sealed class StoredCompletionsEndpoint(ResponseStore store)
{
    private const string MetadataPrefix = "metadata[";

    /// <summary>Answers <c>GET /v1/chat/completions</c>: those of a model, or with the same words of the client's own.</summary>
    public ValueTask ListAsync(ApiExchange exchange)
    {
        IQueryCollection query = exchange.Context.Request.Query;
        List<StoredCompletion> matching = [.. Of(exchange).List().Where(kept => Matches(kept.Completion, query))];
        return ListPage.Read(query, matching, static kept => kept.Id, ListPage.Usual, out ListPage<StoredCompletion> page) is { } error
            ? exchange.FailAsync(error)
            : ApiResponses.WriteJsonAsync(exchange, 200, page, static (json, page) =>
                page.Write(json, static kept => kept.Id, static (json, kept) => kept.Completion.WriteTo(json)));
    }

    /// <summary>Answers <c>GET</c>, <c>POST</c> and <c>DELETE /v1/chat/completions/{id}</c>.</summary>
    public async Task HandleOneAsync(ApiExchange exchange)
    {
        StoredCompletions owned = Of(exchange);
        if (owned.Find(exchange.Item) is not { } kept)
        {
            await exchange.FailAsync(NotFound(exchange.Item));
        }
        else if (HttpMethods.IsPost(exchange.Context.Request.Method))
        {
            await UpdateAsync(exchange, owned, kept);
        }
        else if (HttpMethods.IsDelete(exchange.Context.Request.Method))
        {
            _ = owned.TryRemove(exchange.Item);
            await ApiResponses.WriteJsonAsync(exchange, 200, exchange.Item, static (json, id) =>
            {
                json.WriteStartObject();
                json.WriteString("object"u8, "chat.completion.deleted"u8);
                json.WriteString("id"u8, id);
                json.WriteBoolean("deleted"u8, true);
                json.WriteEndObject();
            });
        }
        else
        {
            await WriteAsync(exchange, kept);
        }
    }

    /// <summary>Answers <c>GET /v1/chat/completions/{id}/messages</c>.</summary>
    public ValueTask ListMessagesAsync(ApiExchange exchange) =>
        Of(exchange).Find(exchange.Item) is not { } kept ? exchange.FailAsync(NotFound(exchange.Item))
        : ListPage.Read(
            exchange.Context.Request.Query, kept.Messages, IdOf, ListPage.Usual with { OldestFirst = true }, out ListPage<JsonElement> page) is { } error
            ? exchange.FailAsync(error)
            : ApiResponses.WriteJsonAsync(exchange, 200, page, static (json, page) => page.Write(json, IdOf, static (json, message) => message.WriteTo(json)));

    private static async Task UpdateAsync(ApiExchange exchange, StoredCompletions owned, StoredCompletion kept)
    {
        (string? metadata, ApiError? error) = await RequestReader.ReadAsync<string>(exchange, ReadMetadata);
        if (error is not null)
        {
            await exchange.FailAsync(error);
            return;
        }

        owned.Put(kept.Id, kept.With(metadata!));
        await WriteAsync(exchange, owned.Find(kept.Id) ?? kept);
    }

    private static ApiError? ReadMetadata(ReadOnlyMemory<byte> body, out string? metadata)
    {
        metadata = null;
        if (JsonBody.Parse(body, out JsonDocument? document) is { } error)
        {
            return error;
        }

        using (document)
        {
            foreach (JsonProperty field in document!.RootElement.EnumerateObject())
            {
                if (field.Name != "metadata")
                {
                    return ApiError.Unknown(field.Name);
                }

                if (HarmlessFields.CheckMetadata(field.Value) is { } wrong)
                {
                    return wrong;
                }

                metadata = field.Value.GetRawText();
            }
        }

        return metadata is null ? ApiError.Missing("metadata") : null;
    }

    private static bool Matches(JsonElement completion, IQueryCollection query)
    {
        string model = query["model"].ToString();
        JsonElement metadata = completion.GetProperty("metadata");
        return (model.Length == 0 || completion.GetProperty("model").ValueEquals(model))
            && query.Where(static pair => pair.Key.StartsWith(MetadataPrefix, StringComparison.Ordinal) && pair.Key.EndsWith(']')).All(pair =>
                metadata.TryGetProperty(pair.Key[MetadataPrefix.Length..^1], out JsonElement value) && value.ValueEquals(pair.Value.ToString()));
    }

    private static string IdOf(JsonElement message) => message.GetProperty("id").GetString()!;

    private StoredCompletions Of(ApiExchange exchange) => new(store, AccessPolicy.PresentedKey(exchange.Context.Request));

    private static ValueTask WriteAsync(ApiExchange exchange, StoredCompletion kept) =>
        ApiResponses.WriteJsonAsync(exchange, 200, kept, static (json, kept) => kept.Completion.WriteTo(json));

    private static ApiError NotFound(string id) => new(
        StatusCodes.Status404NotFound, $"Completion {ApiError.Echo(id)} not found", ApiError.InvalidRequestType, "completion_id", "not_found");
}
