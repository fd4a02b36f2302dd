using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Audio;

/// <summary>Writes segments as subtitles.</summary>
internal static class Subtitles
{
    private const string Arrow = " --> ";

    /// <summary>SubRip: numbered cues, a comma before the milliseconds.</summary>
    public static string SubRip(IReadOnlyList<TranscriptSegment> segments)
    {
        StringBuilder text = new();
        for (int i = 0; i < segments.Count; i++)
        {
            _ = text.Append(i + 1).Append('\n');
            AppendCue(text, segments[i], ',');
        }

        return text.Append('\n').ToString();
    }

    /// <summary>WebVTT: a point before the milliseconds.</summary>
    public static string WebVtt(IReadOnlyList<TranscriptSegment> segments)
    {
        StringBuilder text = new("WEBVTT\n\n");
        foreach (TranscriptSegment segment in segments)
        {
            AppendCue(text, segment, '.');
        }

        return text.Append('\n').ToString();
    }

    /// <summary>A blank line ends a cue, and an arrow makes a line its times: neither may come from the words.</summary>
    private static void AppendCue(StringBuilder text, TranscriptSegment segment, char point)
    {
        AppendTime(text, segment.StartMs, point);
        AppendTime(text.Append(Arrow), segment.EndMs, point);
        string words = segment.Text.Trim().ReplaceLineEndings(" ").Replace("-->", "->", StringComparison.Ordinal);
        _ = text.Append('\n').Append(words).Append("\n\n");
    }

    private static void AppendTime(StringBuilder text, uint milliseconds, char point)
    {
        TimeSpan time = TimeSpan.FromMilliseconds(milliseconds);
        _ = text.Append(
            CultureInfo.InvariantCulture, $"{(int)time.TotalHours:00}:{time.Minutes:00}:{time.Seconds:00}{point}{time.Milliseconds:000}");
    }
}
