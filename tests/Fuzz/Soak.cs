using System;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Fuzz;

/// <summary>Runs the seeds of one workload on all cores and says how far it is, what failed, and how to repeat that.</summary>
internal sealed class Soak
{
    private const int FailuresShownMax = 20;
    private const long MebiByte = 1024 * 1024;

    /// <summary>What may be left in memory of all that ran: caches and pools, and nothing that grows with the count.</summary>
    private const long GrowthMiBMax = 64;

    private static readonly TimeSpan _progressEvery = TimeSpan.FromSeconds(10);

    private readonly Lock _telling = new();
    private readonly Workload _workload;
    private readonly Stopwatch _elapsed = Stopwatch.StartNew();
    private readonly long _seeds;
    private long _done;
    private long _datagrams;
    private long _failures;
    private TimeSpan _toldAt;

    private Soak(Workload workload, long seeds)
    {
        _workload = workload;
        _seeds = seeds;
    }

    /// <summary>Returns the number of failures.</summary>
    public static long Run(Workload workload, SoakPlan plan)
    {
        long count = plan.Count ?? workload.Count;
        Soak soak = new(workload, (count + workload.PerSeed - 1) / workload.PerSeed);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        _ = Parallel.For(
            0L, soak._seeds, new ParallelOptions { MaxDegreeOfParallelism = plan.Jobs }, i => soak.RunSeed(plan.From + (ulong)i));
        soak.Tell();
        long growth = (GC.GetTotalMemory(forceFullCollection: true) - before) / MebiByte;
        if (growth > GrowthMiBMax)
        {
            Console.WriteLine($"{workload.Name}: memory grew by {growth} MiB, at most {GrowthMiBMax} are caches");
            soak._failures++;
        }
        return soak._failures;
    }

    private void RunSeed(ulong seed)
    {
        try
        {
            _ = Interlocked.Add(ref _datagrams, _workload.Run(seed));
        }
        catch (Exception e)
        {
            OnFailure(seed, e);
        }
        _ = Interlocked.Increment(ref _done);
        lock (_telling)
        {
            if (_elapsed.Elapsed - _toldAt >= _progressEvery)
            {
                _toldAt = _elapsed.Elapsed;
                Tell();
            }
        }
    }

    private void OnFailure(ulong seed, Exception e)
    {
        if (Interlocked.Increment(ref _failures) <= FailuresShownMax)
        {
            Console.WriteLine(
                $"{_workload.Name} FAILED with seed {seed}: {e.GetBaseException().Message}\n  again: make soak ARGS=\"{_workload.Name} --from {seed} --count {_workload.PerSeed}\"");
        }
    }

    private void Tell()
    {
        double seconds = Math.Max(_elapsed.Elapsed.TotalSeconds, 0.001);
        long done = _done * _workload.PerSeed;
        string datagrams = _datagrams > 0 ? $", {_datagrams:N0} datagrams" : "";
        Console.WriteLine(
            $"{_workload.Name}: {done:N0} of {_seeds * _workload.PerSeed:N0} {_workload.Unit}{datagrams}, "
            + $"{done / seconds:N0} {_workload.Unit}/s, {_failures} failures, {seconds:N0} s");
    }
}
