using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Simulations.Fleet;

namespace Darkbloom.Cli.Simulating;

/// <summary>Runs scenarios and seeds, several at once, and tells a person how far they are.</summary>
internal sealed class SimRun(Terminal terminal, int atOnce)
{
    private const string EraseLine = "\r\u001b[K";
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private TimeSpan _shownAt;
    private int _done;

    /// <summary>Runs all of them; null for those that never began because the person interrupted.</summary>
    public async Task<FleetResult?[]> RunAsync(IReadOnlyList<SimJob> jobs, CancellationToken stop)
    {
        FleetResult?[] results = new FleetResult?[jobs.Count];
        ParallelOptions options = new() { MaxDegreeOfParallelism = atOnce, CancellationToken = stop };
        try
        {
            await Parallel.ForAsync(0, jobs.Count, options, (index, _) =>
            {
                results[index] = Run(jobs[index], jobs.Count, stop);
                return ValueTask.CompletedTask;
            });
        }
        catch (OperationCanceledException)
        {
            // What ran until then is worth keeping.
        }

        if (terminal.IsErrorInteractive)
        {
            await terminal.Error.WriteAsync(EraseLine);
        }

        return results;
    }

    private FleetResult Run(SimJob job, int jobs, CancellationToken stop)
    {
        FleetSimulation simulation = new(job.Scenario, job.Seed);
        while (simulation.Advance(Slice) && !stop.IsCancellationRequested)
        {
            Show(job.Scenario, simulation, jobs);
        }

        _ = Interlocked.Increment(ref _done);
        return simulation.Result();
    }

    private void Show(FleetScenario scenario, FleetSimulation simulation, int jobs)
    {
        if (!terminal.IsErrorInteractive)
        {
            return;
        }

        lock (_gate)
        {
            TimeSpan now = _watch.Elapsed;
            if (now - _shownAt < ProgressInterval)
            {
                return;
            }

            _shownAt = now;
            terminal.Error.Write(string.Create(
                CultureInfo.InvariantCulture,
                $"{EraseLine}{scenario.Name}, seed {simulation.Seed} ({_done} of {jobs} done)  {simulation.Now.TotalMinutes:F0} of {scenario.Minutes:F0} min  {simulation.Now / now:F0}x real time  {simulation.Events / now.TotalSeconds / 1000:F0}k events/s  {simulation.Alive} up  {simulation.InFlight} in flight  {simulation.Violations} violations"));
        }
    }
}

/// <summary>One run: a scenario and a seed.</summary>
internal sealed record SimJob(FleetScenario Scenario, ulong Seed);
