using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Turns a request body into a JSON object that is safe to read: no string or key in it can throw later.</summary>
internal static class JsonBody
{
    public const int DepthMax = 64;

    /// <summary>Beyond <see cref="DepthMax"/>, so that too deep a body is told apart from a malformed one.</summary>
    private const int ReaderDepthMax = DepthMax + 1;

    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    private static readonly JsonDocumentOptions Options = new()
    {
        MaxDepth = DepthMax,
        AllowDuplicateProperties = false,
    };

    /// <summary>Returns what is wrong with the body, or null and its document, which the caller disposes.</summary>
    public static ApiError? Parse(ReadOnlyMemory<byte> body, out JsonDocument? document)
    {
        document = null;
        if (body.Span.StartsWith(ByteOrderMark))
        {
            body = body[ByteOrderMark.Length..];
        }

        if (body.IsEmpty)
        {
            return ApiError.Invalid("The request body is empty. Send a JSON object.", null, "empty_body");
        }

        if (!Utf8.IsValid(body.Span))
        {
            return ApiError.Invalid("The request body is not valid UTF-8.", null, "invalid_utf8");
        }

        if (Scan(body.Span) is { } error)
        {
            return error;
        }

        return TryParseUnique(body, out document) switch
        {
            false => DescribeDuplicate(body),
            true when document!.RootElement.ValueKind != JsonValueKind.Object => RejectRoot(ref document),
            true => null,
        };
    }

    private static ApiError RejectRoot(ref JsonDocument? document)
    {
        string got = Parameters.Describe(document!.RootElement);
        document.Dispose();
        document = null;
        return ApiError.Invalid($"Invalid body: expected a JSON object, but got {got} instead.", null, "invalid_type");
    }

    /// <summary>Checks syntax, depth and escapes before anything is built from the body.</summary>
    private static ApiError? Scan(ReadOnlySpan<byte> body)
    {
        Utf8JsonReader reader = new(body, new JsonReaderOptions { MaxDepth = ReaderDepthMax });
        try
        {
            while (reader.Read())
            {
                if (reader.CurrentDepth >= DepthMax && reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                {
                    return ApiError.Invalid(
                        string.Create(CultureInfo.InvariantCulture, $"The JSON body is nested deeper than {DepthMax} levels."),
                        null,
                        "json_too_deep");
                }

                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName
                    && reader.ValueIsEscaped
                    && HasLoneSurrogate(reader.ValueSpan))
                {
                    return ApiError.Invalid(
                        "The JSON body has a string with half of a surrogate pair, which is not text.", null, "invalid_unicode");
                }
            }

            return null;
        }
        catch (JsonException e)
        {
            // The exception's own message quotes the body, so only the position is repeated.
            return ApiError.Invalid(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"We could not parse the JSON body of your request. It is not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}."),
                null,
                "invalid_json");
        }
    }

    private static bool HasLoneSurrogate(ReadOnlySpan<byte> escaped)
    {
        bool highBefore = false;
        for (int i = 0; i < escaped.Length; i++)
        {
            int unit = -1;
            if (escaped[i] == '\\')
            {
                i++;
                if (escaped[i] == 'u')
                {
                    unit = int.Parse(escaped.Slice(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                    i += 4;
                }
            }

            bool low = unit is >= 0xDC00 and <= 0xDFFF;
            if (low != highBefore)
            {
                return true;
            }

            highBefore = unit is >= 0xD800 and <= 0xDBFF;
        }

        return highBefore;
    }

    /// <summary>False when an object has a key twice: all else was ruled out by <see cref="Scan"/>.</summary>
    private static bool TryParseUnique(ReadOnlyMemory<byte> body, [NotNullWhen(true)] out JsonDocument? document)
    {
        try
        {
            document = JsonDocument.Parse(body, Options);
            return true;
        }
        catch (JsonException)
        {
            document = null;
            return false;
        }
    }

    private static ApiError DescribeDuplicate(ReadOnlyMemory<byte> body)
    {
        using JsonDocument document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = DepthMax });
        string path = FindDuplicate(document.RootElement, "") ?? "";
        return ApiError.Invalid($"The key '{ApiError.Echo(path)}' appears twice in one object.", ApiError.Echo(path), "duplicate_key");
    }

    private static string? FindDuplicate(JsonElement element, string path)
    {
        int index = 0;
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray())
            {
                if (FindDuplicate(item, string.Create(CultureInfo.InvariantCulture, $"{path}[{index++}]")) is { } found)
                {
                    return found;
                }
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            HashSet<string> names = [];
            foreach (JsonProperty property in element.EnumerateObject())
            {
                string child = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
                string? found = names.Add(property.Name) ? FindDuplicate(property.Value, child) : child;
                if (found is not null)
                {
                    return found;
                }
            }
        }

        return null;
    }
}
