using System;
using System.Threading.Tasks;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Returns what is wrong with a body, or null and the request that it holds.</summary>
internal delegate ApiError? RequestParse<TRequest>(ReadOnlyMemory<byte> body, out TRequest? request)
    where TRequest : class;

/// <summary>Reads a body under its limits and parses it once; the body is wiped as soon as that is done.</summary>
internal static class RequestReader
{
    public static async Task<(TRequest? Request, ApiError? Error)> ReadAsync<TRequest>(ApiExchange exchange, RequestParse<TRequest> parse)
        where TRequest : class
    {
        (RequestBody? body, ApiError? error) =
            await RequestBody.ReadAsync(exchange.Context.Request, exchange.Context.RequestAborted);
        if (error is not null)
        {
            return (null, error);
        }

        using (body)
        {
            error = parse(body!.Bytes, out TRequest? request);
            return (request, error);
        }
    }
}
