using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;

namespace Darkbloom.Gateway.Responses;

/// <summary>A response that was kept: as clients see it, with the items that it answers.</summary>
internal sealed class KeptResponse
{
    /// <summary>What a request may hold, inside the objects around it.</summary>
    private const int DepthMax = JsonBody.DepthMax + 8;

    private readonly JsonElement _root;

    public KeptResponse(ReadOnlyMemory<byte> state)
    {
        using JsonDocument document = JsonDocument.Parse(state, new JsonDocumentOptions { MaxDepth = DepthMax });
        _root = document.RootElement.Clone();
    }

    /// <summary>The response whole.</summary>
    public JsonElement Response => _root.GetProperty("response");

    /// <summary>What the response answers, the oldest first.</summary>
    public IReadOnlyList<JsonElement> Input => [.. _root.GetProperty("input").EnumerateArray()];

    public static void Write(Utf8JsonWriter json, ResponseObject response)
    {
        json.WriteStartObject();
        json.WritePropertyName("response"u8);
        response.Write(json);
        json.WriteStartArray("input"u8);
        foreach (ResponseItem item in response.Input)
        {
            json.WriteRawValue(item.Json, skipInputValidation: true);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Adds the whole conversation up to this response's end.</summary>
    public ApiError? ReadInto(InputItems items)
    {
        foreach (JsonElement item in Items())
        {
            if (items.ReadItem(item, "input") is { } error)
            {
                return error;
            }
        }

        return null;
    }

    public string? FindItem(string id)
    {
        JsonElement found = Items().FirstOrDefault(item => item.GetProperty("id").ValueEquals(id));
        return found.ValueKind == JsonValueKind.Object ? found.GetRawText() : null;
    }

    private IEnumerable<JsonElement> Items() => Input.Concat(Response.GetProperty("output").EnumerateArray());
}
