using System;
using System.Buffers;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Audio;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Darkbloom.Gateway.Files;

/// <summary>Answers <c>/v1/files</c> and what is below it.</summary>
internal sealed class FilesEndpoint(FileStore store, Func<ApiExchange, string> ownerOf)
{
    private static readonly PageRules Rules = new(LimitDefault: FileStore.FilesPerKeyMax, LimitMax: 10_000);

    /// <summary>1. Read the form, its file straight to the disk. 2. Check the fields beside it. 3. Commit.</summary>
    public async Task UploadAsync(ApiExchange exchange)
    {
        HttpContext context = exchange.Context;
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize =
            FileUpload.FileBytesMax + HttpLimits.BodyBytesDrainedMax;
        using FileUpload upload = store.BeginUpload(ownerOf(exchange));
        (MultipartForm? form, ApiError? error) =
            await MultipartForm.ReadAsync(context.Request, upload, FileUpload.FileBytesMax, FileErrors.TooLarge, context.RequestAborted); // Step 1.
        FileForm? fields = null;
        error ??= FileForm.TryRead(form!, out fields); // Step 2.
        await (error is null
            ? WriteAsync(exchange, upload.Commit(fields!.Purpose, upload.Name, fields.Lifetime)) // Step 3.
            : exchange.FailAsync(error));
    }

    public ValueTask ListAsync(ApiExchange exchange)
    {
        IQueryCollection query = exchange.Context.Request.Query;
        string purpose = query["purpose"].ToString();
        List<StoredFile> files = [.. store.List(ownerOf(exchange)).Where(file => purpose.Length == 0 || file.Purpose == purpose)];
        return ListPage.Read(query, files, static file => file.Id, Rules, out ListPage<StoredFile> page) is { } error
            ? exchange.FailAsync(error)
            : ApiResponses.WriteJsonAsync(exchange, 200, page, static (json, page) =>
                page.Write(json, static file => file.Id, static (json, file) => file.Write(json)));
    }

    /// <summary>Answers <c>GET</c> and <c>DELETE /v1/files/{id}</c>.</summary>
    public ValueTask HandleOneAsync(ApiExchange exchange)
    {
        string owner = ownerOf(exchange);
        if (exchange.Context.Request.Method != "DELETE")
        {
            return store.Find(owner, exchange.Item) is { } file ? WriteAsync(exchange, file) : exchange.FailAsync(FileErrors.NotFound(exchange.Item));
        }

        return store.TryDelete(owner, exchange.Item)
            ? ApiResponses.WriteJsonAsync(exchange, 200, exchange.Item, static (json, id) =>
            {
                json.WriteStartObject();
                json.WriteString("object"u8, "file"u8);
                json.WriteBoolean("deleted"u8, true);
                json.WriteString("id"u8, id);
                json.WriteEndObject();
            })
            : exchange.FailAsync(FileErrors.NotFound(exchange.Item));
    }

    /// <summary>Answers <c>GET /v1/files/{id}/content</c>: the bytes as they were uploaded.</summary>
    public async Task DownloadAsync(ApiExchange exchange)
    {
        StoredFile? file = store.Find(ownerOf(exchange), exchange.Item);
        using FileContent? content = file is null ? null : store.Open(file.Id);
        if (file is null || content is null)
        {
            await exchange.FailAsync(FileErrors.NotFound(exchange.Item));
            return;
        }

        HttpResponse response = exchange.Context.Response;
        exchange.StampProcessingTime();
        response.ContentType = "application/octet-stream";
        response.ContentLength = file.Bytes;
        ContentDispositionHeaderValue disposition = new("attachment");
        disposition.SetHttpFileName(file.Name);
        response.Headers.ContentDisposition = disposition.ToString();
        byte[] piece = ArrayPool<byte>.Shared.Rent(FileContent.PieceBytes);
        try
        {
            int count;
            for (long sent = 0; (count = content.Read(sent, piece)) > 0; sent += count)
            {
                _ = await response.BodyWriter.WriteAsync(piece.AsMemory(0, count), exchange.Context.RequestAborted);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece, clearArray: true);
        }
    }

    private static ValueTask WriteAsync(ApiExchange exchange, StoredFile file) =>
        ApiResponses.WriteJsonAsync(exchange, 200, file, static (json, file) => file.Write(json));
}
