using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;

namespace Darkbloom.Repository.Tests;

/// <summary>The tables of a document: their heads and rows, and the section that each stands in.</summary>
internal sealed record MarkdownTable(string Section, ImmutableArray<string> Head, ImmutableArray<ImmutableArray<string>> Rows)
{
    public static IEnumerable<MarkdownTable> In(string markdown)
    {
        string section = "";
        List<ImmutableArray<string>> rows = [];
        foreach (string line in markdown.Split('\n').Append(""))
        {
            if (line.StartsWith('|'))
            {
                rows.Add([.. line.Trim().Trim('|').Split('|').Select(cell => cell.Trim())]);
                continue;
            }

            // The second row is the dashes.
            if (rows.Count > 2)
            {
                yield return new MarkdownTable(section, rows[0], [.. rows.Skip(2)]);
            }

            rows.Clear();
            if (line.StartsWith('#'))
            {
                section = line.TrimStart('#').Trim();
            }
        }
    }

    /// <summary>The cells of one column; empty if the table has none of this name.</summary>
    public IEnumerable<string> Column(string name)
    {
        int index = Head.IndexOf(name);
        return index < 0 ? [] : Rows.Select(row => row[index]);
    }
}
