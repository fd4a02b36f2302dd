using System.Collections.Immutable;

namespace Darkbloom.Simulations.Fleet;

/// <summary>What one seed gave.</summary>
public sealed record FleetResult(
    ulong Seed,
    ImmutableArray<RequestRecord> Requests,
    ImmutableArray<FleetSample> Series,
    ImmutableArray<FleetViolation> Violations,
    ImmutableSortedDictionary<string, double> Metrics)
{
    /// <summary>False when it was stopped before its end.</summary>
    public bool IsWhole { get; init; } = true;

    /// <summary>Of everything that happened: equal scenarios and seeds give equal hashes.</summary>
    public string Hash { get; init; } = "";

    internal static string HashOf(long events, FleetResult result)
    {
        using TraceHash hash = new();
        hash.Add(events);
        foreach (RequestRecord request in result.Requests)
        {
            hash.Add(request.Id);
            hash.Add(request.Gateway);
            hash.Add(request.ArrivedS);
            hash.Add(request.FirstTokenS ?? double.NaN);
            hash.Add(request.TotalS);
            hash.Add(request.LongestGapS);
            hash.Add(((long)request.PromptTokens << 32) | (uint)request.OutputTokens);
            hash.Add(((long)request.Outcome << 48) | ((long)request.Offers << 32) | ((long)request.Exposure << 16) | (uint)request.Resumptions);
        }

        foreach (FleetSample sample in result.Series)
        {
            hash.Add(((long)sample.Alive << 32) | (uint)sample.InFlight);
            hash.Add(((long)sample.Submitted << 32) | (uint)sample.Ended);
        }

        hash.Add(result.Violations.Length);
        return hash.Current;
    }
}
