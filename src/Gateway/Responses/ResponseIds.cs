using System;
using System.Globalization;
using Darkbloom.Gateway.OpenAi;

namespace Darkbloom.Gateway.Responses;

/// <summary>Names a response and the items in it, so that an item's name tells its response.</summary>
internal sealed class ResponseIds(string responseId)
{
    private const string Prefix = "resp_";

    private const int SuffixChars = 4;

    private int _items;

    public string Response => responseId;

    public static ResponseIds Draw() => new(ApiExchange.NewId(Prefix));

    /// <param name="kind"><c>msg_</c>, <c>rs_</c> and the like.</param>
    public string NextItem(string kind) =>
        string.Concat(kind, responseId.AsSpan(Prefix.Length), (_items++).ToString("x4", CultureInfo.InvariantCulture));

    /// <summary>The response that an item belongs to, or null where the name can't be one of <see cref="NextItem"/>.</summary>
    public static string? ResponseOf(string itemId)
    {
        int start = itemId.IndexOf('_', StringComparison.Ordinal) + 1;
        return start > 0 && itemId.Length > start + SuffixChars ? string.Concat(Prefix, itemId.AsSpan(start..^SuffixChars)) : null;
    }
}
