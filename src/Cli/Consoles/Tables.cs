using System.Collections.Generic;
using Spectre.Console;

namespace Darkbloom.Cli.Consoles;

/// <summary>Tables of plain text: no frame, so that <c>grep</c> and <c>awk</c> read them as well as people do.</summary>
internal static class Tables
{
    public static Table Create(params string[] headings)
    {
        Table table = new Table().Border(TableBorder.None);
        foreach (string heading in headings)
        {
            table.AddColumn(new TableColumn(new Text(heading, new Style(decoration: Decoration.Bold))).PadRight(2).NoWrap());
        }

        return table;
    }

    /// <summary>Adds a row of text; nothing in it is taken for markup.</summary>
    public static Table Add(this Table table, params IEnumerable<string> cells)
    {
        List<Text> texts = [];
        foreach (string cell in cells)
        {
            texts.Add(new Text(cell));
        }

        return table.AddRow(texts);
    }
}
