using System;
using System.Globalization;

namespace Darkbloom.Gateway.OpenAi.Resuming;

/// <summary>The id of an event: the stream's own, and the number of the event in it. 0 stands before the first.</summary>
internal static class EventId
{
    private const char Separator = '-';

    /// <summary>Of an id that a client presents; longer ones are none of ours.</summary>
    private const int CharsMax = 128;

    public static string Format(string stream, long number) =>
        string.Create(CultureInfo.InvariantCulture, $"{stream}{Separator}{number}");

    public static bool TryParse(string text, out string stream, out long number)
    {
        (stream, number) = ("", 0);
        int at = text.LastIndexOf(Separator);
        if (text.Length > CharsMax || at <= 0 || !long.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            return false;
        }

        stream = text[..at];
        return true;
    }
}
