using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>A part of a list, as the query of a request asks for it.</summary>
internal sealed record ListPage<T>(IReadOnlyList<T> Items, bool HasMore)
{
    public void Write(Utf8JsonWriter json, Func<T, string> id, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        foreach (T item in Items)
        {
            write(json, item);
        }

        json.WriteEndArray();
        json.WriteString("first_id"u8, Items.Count > 0 ? id(Items[0]) : null);
        json.WriteBoolean("has_more"u8, HasMore);
        json.WriteString("last_id"u8, Items.Count > 0 ? id(Items[^1]) : null);
        json.WriteEndObject();
    }
}

/// <summary>Reads what a query says of pages: <c>limit</c>, <c>order</c>, <c>after</c>.</summary>
internal static class ListPage
{
    public const int LimitMax = 100;

    public const int LimitDefault = 20;

    /// <summary>What most lists obey.</summary>
    public static PageRules Usual { get; } = new(LimitDefault, LimitMax);

    /// <summary>Returns what is wrong with the query, or null and the page.</summary>
    /// <param name="items">All of them, the oldest first.</param>
    public static ApiError? Read<T>(
        IQueryCollection query, IReadOnlyList<T> items, Func<T, string> id, PageRules rules, out ListPage<T> page)
    {
        page = new ListPage<T>([], false);
        string limitText = query["limit"].ToString();
        int limit = rules.LimitDefault;
        if (limitText.Length > 0
            && (!int.TryParse(limitText, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit < 1 || limit > rules.LimitMax))
        {
            return ApiError.Invalid(
                string.Create(CultureInfo.InvariantCulture, $"Invalid 'limit': expected an integer from 1 to {rules.LimitMax}."), "limit", "invalid_value");
        }

        string order = query["order"].ToString();
        if (order is not ("" or "asc" or "desc"))
        {
            return ApiError.InvalidValue("order", order, "'asc' and 'desc'");
        }

        bool oldestFirst = order.Length == 0 ? rules.OldestFirst : order == "asc";
        T[] ordered = oldestFirst ? [.. items] : [.. items.Reverse()];
        string after = query["after"].ToString();
        int start = 0;
        if (after.Length > 0)
        {
            start = ordered.TakeWhile(item => id(item) != after).Count() + 1;
            if (start > ordered.Length)
            {
                return ApiError.Invalid($"No item with the id '{ApiError.Echo(after)}'.", "after", "invalid_value");
            }
        }

        T[] shown = [.. ordered.Skip(start).Take(limit)];
        page = new ListPage<T>(shown, start + shown.Length < ordered.Length);
        return null;
    }
}
