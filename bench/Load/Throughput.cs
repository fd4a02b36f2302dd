using System;
using System.Linq;
using System.Threading.Tasks;

namespace Darkbloom.Bench.Load;

/// <summary>Tokens per second of several streams at once.</summary>
internal static class Throughput
{
    /// <summary>The sum of the streams' rates, each from its first piece of text to its last: prefill is no part of it.</summary>
    /// <remarks>All streams get the same work, so nearly all of each stream's decoding goes on beside the others'.</remarks>
    public static async Task<double> DecodeAsync(int streams, Func<int, Task<ChatTiming>> ask)
    {
        ChatTiming[] timings = await Task.WhenAll(Enumerable.Range(0, streams).Select(ask));
        double start = timings.Max(timing => timing.FirstTokenMs);
        double end = timings.Min(timing => timing.FirstTokenMs + timing.DecodeMs);
        return timings.Sum(timing => timing.Pieces.Count(at => at > start && at <= end)) / ((end - start) / 1000);
    }
}
