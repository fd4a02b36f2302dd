using System;
using System.Collections.Generic;
using System.Collections.Immutable;

namespace Darkbloom.Simulations.Fleet;

/// <summary>A value of a scenario, and what it is to be in turn.</summary>
/// <param name="Values">As JSON, or as text.</param>
public sealed record SweepParameter(string Path, ImmutableArray<string> Values)
{
    /// <summary>Cells of all parameters together.</summary>
    public const int CellsMax = 1000;

    /// <summary>Reads <c>fleet.slots=2,4,8</c>; commas within brackets and quotes belong to a value.</summary>
    /// <exception cref="FormatException">There is no path or no value.</exception>
    public static SweepParameter Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || equals == text.Length - 1)
        {
            throw new FormatException($"{text}: write a path, an equals sign and values, as in fleet.slots=2,4,8.");
        }

        List<string> values = [];
        int depth = 0, from = equals + 1;
        bool quoted = false;
        for (int i = from; i < text.Length; i++)
        {
            quoted ^= text[i] == '"';
            depth += quoted ? 0 : text[i] is '[' or '{' ? 1 : text[i] is ']' or '}' ? -1 : 0;
            if (text[i] == ',' && depth == 0 && !quoted)
            {
                values.Add(text[from..i]);
                from = i + 1;
            }
        }

        values.Add(text[from..]);
        return values.Contains("") ? throw new FormatException($"{text}: a value is empty.") : new SweepParameter(text[..equals], [.. values]);
    }

    /// <summary>Every combination, as settings; the last parameter changes fastest.</summary>
    /// <exception cref="FormatException">There are more than <see cref="CellsMax"/>.</exception>
    public static ImmutableArray<ImmutableArray<string>> Grid(IEnumerable<SweepParameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        List<ImmutableArray<string>> cells = [[]];
        foreach (SweepParameter parameter in parameters)
        {
            List<ImmutableArray<string>> wider = [];
            foreach (ImmutableArray<string> cell in cells)
            {
                foreach (string value in parameter.Values)
                {
                    wider.Add(cell.Add($"{parameter.Path}={value}"));
                }
            }

            cells = wider.Count <= CellsMax ? wider : throw new FormatException($"The parameters make more than {CellsMax} combinations.");
        }

        return [.. cells];
    }
}
