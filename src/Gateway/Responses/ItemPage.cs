using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Microsoft.AspNetCore.Http;

namespace Darkbloom.Gateway.Responses;

/// <summary>A part of a list, as the query of a request asks for it.</summary>
internal sealed record ItemPage(IReadOnlyList<JsonElement> Items, bool HasMore)
{
    public const int LimitMax = 100;

    public const int LimitDefault = 20;

    /// <summary>Returns what is wrong with the query, or null and the page.</summary>
    /// <param name="items">All of them, the oldest first.</param>
    public static ApiError? Read(IQueryCollection query, IReadOnlyList<JsonElement> items, out ItemPage page)
    {
        page = new ItemPage([], false);
        string limitText = query["limit"].ToString();
        int limit = LimitDefault;
        if (limitText.Length > 0
            && (!int.TryParse(limitText, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > LimitMax))
        {
            return ApiError.Invalid(
                string.Create(CultureInfo.InvariantCulture, $"Invalid 'limit': expected an integer from 1 to {LimitMax}."), "limit", "invalid_value");
        }

        string order = query["order"].ToString();
        if (order is not ("" or "asc" or "desc"))
        {
            return ApiError.InvalidValue("order", order, "'asc' and 'desc'");
        }

        JsonElement[] ordered = order == "asc" ? [.. items] : [.. items.Reverse()];
        string after = query["after"].ToString();
        int start = 0;
        if (after.Length > 0)
        {
            start = ordered.TakeWhile(item => !item.GetProperty("id").ValueEquals(after)).Count() + 1;
            if (start > ordered.Length)
            {
                return ApiError.Invalid($"No item with the id '{ApiError.Echo(after)}'.", "after", "invalid_value");
            }
        }

        JsonElement[] shown = [.. ordered.Skip(start).Take(limit)];
        page = new ItemPage(shown, start + shown.Length < ordered.Length);
        return null;
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        foreach (JsonElement item in Items)
        {
            item.WriteTo(json);
        }

        json.WriteEndArray();
        json.WriteString("first_id"u8, Items.Count > 0 ? Items[0].GetProperty("id").GetString() : null);
        json.WriteBoolean("has_more"u8, HasMore);
        json.WriteString("last_id"u8, Items.Count > 0 ? Items[^1].GetProperty("id").GetString() : null);
        json.WriteEndObject();
    }
}
