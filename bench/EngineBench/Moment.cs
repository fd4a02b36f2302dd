using System;
using System.Diagnostics;

namespace Darkbloom.EngineBench;

/// <summary>A point in time and what the process had computed until then.</summary>
internal readonly record struct Moment(long Timestamp, TimeSpan Processor)
{
    public static Moment Now => new(Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);

    /// <summary>Tokens per second, and processor seconds per token.</summary>
    public (double Rate, double Cost) Since(Moment start, int tokens) => (
        tokens / Stopwatch.GetElapsedTime(start.Timestamp, Timestamp).TotalSeconds,
        (Processor - start.Processor).TotalSeconds / tokens);
}
