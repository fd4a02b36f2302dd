using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Darkbloom.Gateway.OpenAi.Audio;

/// <summary>A <c>multipart/form-data</c> body with at most one file, read whole within limits.</summary>
/// <remarks>
/// Clients write names with and without quotes, boundaries likewise, file names with backslashes and in RFC 5987's form,
/// and content types that are wrong: only the name of a part decides what it is.
/// </remarks>
internal sealed class MultipartForm
{
    public const string FileName = "file";

    /// <summary>Fields beside the file.</summary>
    public const int FieldsMax = 64;

    public const int FieldBytesMax = 64 * 1024;

    /// <summary>RFC 2046 allows 70 characters; some clients write more.</summary>
    private const int BoundaryCharsMax = 200;

    private const int HeadersMax = 16;
    private const int HeaderBytesMax = 8 * 1024;

    private readonly List<(string Name, string Value)> _fields = [];

    private readonly IFormFile _file;

    private MultipartForm(IFormFile file) => _file = file;

    /// <summary>In the order in which they came.</summary>
    public IReadOnlyList<(string Name, string Value)> Fields => _fields;

    public bool HasFile { get; private set; }

    /// <param name="file">Takes the file.</param>
    /// <param name="fileBytesMax">What the file takes at most; <paramref name="tooLarge"/> says that it is more.</param>
    /// <returns>The form, or what is wrong with it.</returns>
    public static async ValueTask<(MultipartForm? Form, ApiError? Error)> ReadAsync(
        HttpRequest request, IFormFile file, long fileBytesMax, Func<ApiError> tooLarge, CancellationToken cancellationToken)
    {
        if (Boundary(request) is not { } boundary)
        {
            return (null, AudioErrors.NoForm());
        }

        if (request.ContentLength > fileBytesMax + ((long)FieldsMax * FieldBytesMax))
        {
            return (null, tooLarge());
        }

        MultipartForm form = new(file);
        ApiError? error;
        try
        {
            MultipartReader reader = new(boundary, request.Body)
            {
                HeadersCountLimit = HeadersMax,
                HeadersLengthLimit = HeaderBytesMax,
            };
            error = await form.ReadPartsAsync(reader, cancellationToken);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            error = tooLarge();
        }
        catch (InvalidDataException)
        {
            error = AudioErrors.Malformed("a part has too many headers, or headers that are too long");
        }
        catch (IOException) when (!cancellationToken.IsCancellationRequested)
        {
            error = AudioErrors.Malformed("it ends without its last boundary");
        }

        return error is null ? (form, null) : (null, error);
    }

    private static string? Boundary(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        string boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        return boundary.Length is > 0 and <= BoundaryCharsMax ? boundary : null;
    }

    private async ValueTask<ApiError?> ReadPartsAsync(MultipartReader reader, CancellationToken cancellationToken)
    {
        bool isEmpty = true;
        while (await reader.ReadNextSectionAsync(cancellationToken) is { } part)
        {
            isEmpty = false;
            if (!ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out ContentDispositionHeaderValue? disposition)
                || HeaderUtilities.RemoveQuotes(disposition.Name).ToString() is not { Length: > 0 } name)
            {
                return AudioErrors.Malformed("a part has no 'Content-Disposition: form-data' with a name");
            }

            ApiError? error = name == FileName
                ? await ReadFileAsync(NameOf(disposition), part.Body, cancellationToken)
                : await ReadFieldAsync(name, part.Body, cancellationToken);
            if (error is not null)
            {
                return error;
            }
        }

        return isEmpty ? AudioErrors.Malformed("it has no part") : null;
    }

    /// <summary>Whichever of the two forms of the name a client wrote.</summary>
    private static string NameOf(ContentDispositionHeaderValue disposition) =>
        HeaderUtilities.RemoveQuotes(disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName).ToString();

    private ValueTask<ApiError?> ReadFileAsync(string name, Stream body, CancellationToken cancellationToken)
    {
        if (HasFile)
        {
            return new(ApiError.Invalid("There may be one 'file' only.", FileName, "duplicate_key"));
        }

        HasFile = true;
        return _file.ReadAsync(name, body, cancellationToken);
    }

    private async ValueTask<ApiError?> ReadFieldAsync(string name, Stream body, CancellationToken cancellationToken)
    {
        string shown = ApiError.Echo(name);
        if (_fields.Count == FieldsMax)
        {
            return ApiError.Invalid($"The form has more than {FieldsMax} fields.", shown, "too_many_fields");
        }

        byte[] bytes = new byte[FieldBytesMax + 1];
        int length = await body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        if (length > FieldBytesMax)
        {
            return ApiError.TooLong(shown, "string", FieldBytesMax);
        }

        try
        {
            _fields.Add((name, StrictUtf8.GetString(bytes, 0, length)));
            return null;
        }
        catch (DecoderFallbackException)
        {
            return ApiError.Invalid($"The value of '{shown}' is not valid UTF-8.", shown, "invalid_utf8");
        }
    }

    private static UTF8Encoding StrictUtf8 { get; } = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
