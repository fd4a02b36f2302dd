using System;
using System.Buffers;
using System.IO;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>A request's body in one piece, borrowed from a pool; disposing it wipes it.</summary>
internal sealed class RequestBody : IDisposable
{
    private const int FirstBytes = 16 * 1024;

    private byte[] _bytes;
    private int _length;

    private RequestBody(int capacity)
    {
        _bytes = ArrayPool<byte>.Shared.Rent(capacity);
    }

    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

    /// <summary>Reads a JSON body whole.</summary>
    /// <returns>The body, or what is wrong with it.</returns>
    public static async ValueTask<(RequestBody? Body, ApiError? Error)> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (CheckHeaders(request) is { } error)
        {
            return (null, error);
        }

        RequestBody body = new((int)Math.Max(request.ContentLength ?? FirstBytes, 1));
        try
        {
            error = await body.FillAsync(request.BodyReader, cancellationToken);
        }
        catch (BadHttpRequestException e)
        {
            error = Describe(e);
        }
        catch
        {
            body.Dispose();
            throw;
        }

        if (error is not null)
        {
            body.Dispose();
            return (null, error);
        }

        return (body, null);
    }

    public void Dispose()
    {
        // A prompt must not lie in a pool that the next renter reads.
        byte[] bytes = _bytes;
        _bytes = [];
        _length = 0;
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes, clearArray: true);
        }
    }

    private static ApiError? CheckHeaders(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            || !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || (type.Charset.HasValue && !HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
        {
            return Unsupported("Unsupported Content-Type. Send 'application/json' in UTF-8.");
        }

        if (request.Headers.ContentEncoding.Count > 0 && request.Headers.ContentEncoding != "identity")
        {
            return Unsupported("Unsupported Content-Encoding. Send the body uncompressed.");
        }

        return request.ContentLength > HttpLimits.BodyBytesMax ? TooLarge() : null;
    }

    private async ValueTask<ApiError?> FillAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult result = await reader.ReadAsync(cancellationToken);
            ReadOnlySequence<byte> buffer = result.Buffer;
            if (buffer.Length > HttpLimits.BodyBytesMax - _length)
            {
                reader.AdvanceTo(buffer.End);
                return TooLarge();
            }

            Append(buffer);
            reader.AdvanceTo(buffer.End);
            if (result.IsCompleted)
            {
                return null;
            }

            if (result.IsCanceled)
            {
                throw new IOException("The read was cancelled.");
            }
        }
    }

    private void Append(ReadOnlySequence<byte> buffer)
    {
        int length = (int)buffer.Length;
        if (_bytes.Length - _length < length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _length + length));
            _bytes.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes, clearArray: true);
            _bytes = larger;
        }

        buffer.CopyTo(_bytes.AsSpan(_length));
        _length += length;
    }

    private static ApiError Describe(BadHttpRequestException exception) => exception.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => TooLarge(),
        StatusCodes.Status408RequestTimeout =>
            new ApiError(408, "The request body arrived too slowly.", ApiError.InvalidRequestType, null, "request_timeout"),
        _ => ApiError.Invalid("The request body could not be read.", null, "bad_request"),
    };

    private static ApiError TooLarge() =>
        new(
            413,
            $"The request body is larger than {HttpLimits.BodyBytesMax / (1024 * 1024)} MiB.",
            ApiError.InvalidRequestType,
            null,
            "request_too_large");

    private static ApiError Unsupported(string message) =>
        new(415, message, ApiError.InvalidRequestType, null, "unsupported_media_type");
}
