using System;
using System.Collections.Generic;

namespace Darkbloom.Cli.Settings;

/// <summary>Guesses what a person meant to type.</summary>
internal static class Spelling
{
    private const int EditsMax = 3;

    /// <summary>The candidate with the fewest edits from <paramref name="word"/>; null when none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        string? nearest = null;
        int fewest = Math.Min(EditsMax, word.Length / 2) + 1;
        foreach (string candidate in candidates)
        {
            int edits = Edits(word, candidate);
            if (edits < fewest)
            {
                (nearest, fewest) = (candidate, edits);
            }
        }

        return nearest;
    }

    private static int Edits(string source, string target)
    {
        int[] row = new int[target.Length + 1];
        for (int column = 0; column < row.Length; column++)
        {
            row[column] = column;
        }

        for (int line = 1; line <= source.Length; line++)
        {
            int diagonal = row[0];
            row[0] = line;
            for (int column = 1; column < row.Length; column++)
            {
                int replaced = diagonal + (source[line - 1] == target[column - 1] ? 0 : 1);
                diagonal = row[column];
                row[column] = Math.Min(replaced, Math.Min(row[column], row[column - 1]) + 1);
            }
        }

        return row[^1];
    }
}
