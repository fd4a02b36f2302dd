using System;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Cli.Diagnostics;

/// <summary>One question that <c>darkbloom doctor</c> asks of this machine.</summary>
/// <param name="Remedy">What to do when <paramref name="Run"/> throws.</param>
internal sealed record Check(string Name, string Remedy, Func<CancellationToken, Task<Finding>> Run)
{
    private static readonly TimeSpan CheckMax = TimeSpan.FromSeconds(60);

    /// <summary>Runs it; an exception is a finding as well.</summary>
    public async Task<Finding> FindAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CheckMax);
        try
        {
            return await Run(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Finding.Bad($"no result within {CheckMax.TotalSeconds:0} s", Remedy);
        }
#pragma warning disable CA1031 // Every failure is a finding: the other checks still run.
        catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
        {
            return Finding.Bad(Explanation.Of(exception), Remedy);
        }
    }
}
