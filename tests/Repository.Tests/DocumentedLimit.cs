using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using System.Numerics;
using System.Text.RegularExpressions;

namespace Darkbloom.Repository.Tests;

/// <summary>A row of a table of limits: the names of constants, and the values that the row gives them.</summary>
internal sealed partial record DocumentedLimit(string Document, ImmutableArray<string> Names, ImmutableArray<string> Values)
{
    /// <summary>Every row with a name in each table that has a column of values and one of names.</summary>
    public static IEnumerable<DocumentedLimit> In(string document) =>
        from table in MarkdownTable.In(RepositoryFiles.Read(document))
        from row in table.Column("value").Zip(table.Column("name"))
        let names = Name().Matches(row.Second).Select(match => match.Groups[1].Value).ToImmutableArray()
        where names.Length > 0
        select new DocumentedLimit(document, names, [.. Value().Matches(row.First).Select(Canonical)]);

    /// <summary>A value of the code in the form that <see cref="Values"/> have.</summary>
    public static IEnumerable<string> Canonical(object value) => value switch
    {
        TimeSpan time => [$"{time.TotalMilliseconds.ToString(CultureInfo.InvariantCulture)} ms"],
        Mesh.Peering.RateLimit rate => [Text(rate.PerSecond), Text(rate.Burst)],
        _ => [Text(value)],
    };

    private static string Canonical(Match match)
    {
        BigInteger number = match.Groups["power"].Success
            ? BigInteger.Pow(2, int.Parse(match.Groups["power"].Value, CultureInfo.InvariantCulture)) - (match.Groups["less"].Success ? 1 : 0)
            : BigInteger.Parse(match.Groups["number"].Value.Replace(",", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        return match.Groups["unit"].Value switch
        {
            "KiB" => Text(number * 1024),
            "MiB" => Text(number * 1024 * 1024),
            "s" => $"{number * 1000} ms",
            "ms" => $"{number} ms",
            _ => Text(number),
        };
    }

    private static string Text(object number) => string.Create(CultureInfo.InvariantCulture, $"{number}");

    [GeneratedRegex(@"`([A-Z]\w+\.[A-Z]\w+)`")]
    private static partial Regex Name();

    [GeneratedRegex(@"(?:2\^(?<power>\d+)(?<less> − 1)?|(?<number>\d{1,3}(?:,\d{3})+|\d+))(?: (?<unit>KiB|MiB|ms|s)\b)?")]
    private static partial Regex Value();
}
