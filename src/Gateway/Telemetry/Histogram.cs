using System;
using System.Collections.Immutable;
using System.Threading;

namespace Darkbloom.Gateway.Telemetry;

/// <summary>Counts durations in buckets; writers never wait for each other.</summary>
internal sealed class Histogram(ImmutableArray<double> secondsUpTo)
{
    private readonly long[] _counts = new long[secondsUpTo.Length + 1];
    private long _ticks;

    public void Observe(TimeSpan duration)
    {
        int bucket = 0;
        while (bucket < secondsUpTo.Length && duration.TotalSeconds > secondsUpTo[bucket])
        {
            bucket++;
        }

        Interlocked.Increment(ref _counts[bucket]);
        Interlocked.Add(ref _ticks, duration.Ticks);
    }

    public void Write(PrometheusText text, string name, string help)
    {
        text.Begin(name, "histogram", help);
        long total = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            total += Interlocked.Read(ref _counts[i]);
            string bound = i < secondsUpTo.Length ? PrometheusText.Format(secondsUpTo[i]) : "+Inf";
            text.Sample($"{name}_bucket", total, ("le", bound));
        }

        text.Sample($"{name}_sum", TimeSpan.FromTicks(Interlocked.Read(ref _ticks)).TotalSeconds);
        text.Sample($"{name}_count", total);
    }
}
