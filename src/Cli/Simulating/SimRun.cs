using System;
using System.Diagnostics;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Simulations.Fleet;

namespace Darkbloom.Cli.Simulating;

/// <summary>Runs the seeds of a plan, several at once, and tells a person how far they are.</summary>
internal sealed class SimRun(SimPlan plan, Terminal terminal)
{
    private const string EraseLine = "\r\u001b[K";
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private TimeSpan _shownAt;
    private int _done;

    /// <exception cref="OperationCanceledException">The person interrupted it.</exception>
    public async Task<FleetReport> RunAsync(CancellationToken stop)
    {
        FleetScenario scenario = plan.Read();
        FleetResult[] results = new FleetResult[plan.Seeds];
        ParallelOptions options = new() { MaxDegreeOfParallelism = plan.Jobs, CancellationToken = stop };
        await Parallel.ForAsync(0, plan.Seeds, options, (index, token) =>
        {
            results[index] = Run(scenario, plan.FirstSeed + (ulong)index, token);
            return ValueTask.CompletedTask;
        });
        if (terminal.IsErrorInteractive)
        {
            await terminal.Error.WriteAsync(EraseLine);
        }

        return new FleetReport(scenario, results);
    }

    private FleetResult Run(FleetScenario scenario, ulong seed, CancellationToken stop)
    {
        FleetSimulation simulation = new(scenario, seed);
        while (simulation.Advance(Slice))
        {
            stop.ThrowIfCancellationRequested();
            Show(scenario, simulation);
        }

        _ = Interlocked.Increment(ref _done);
        return simulation.Result();
    }

    private void Show(FleetScenario scenario, FleetSimulation simulation)
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
                $"{EraseLine}seed {simulation.Seed} ({_done} of {plan.Seeds} done)  {simulation.Now.TotalMinutes:F0} of {scenario.Minutes:F0} min  {simulation.Now / now:F0}x real time  {simulation.Events / now.TotalSeconds / 1000:F0}k events/s  {simulation.Alive} up  {simulation.InFlight} in flight  {simulation.Violations} violations"));
        }
    }
}
