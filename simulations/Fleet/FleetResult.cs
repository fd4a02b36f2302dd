using System.Collections.Immutable;

namespace Darkbloom.Simulations.Fleet;

/// <summary>What one seed gave.</summary>
public sealed record FleetResult(
    ulong Seed,
    ImmutableArray<RequestRecord> Requests,
    ImmutableArray<FleetSample> Series,
    ImmutableArray<FleetViolation> Violations,
    ImmutableSortedDictionary<string, double> Metrics);
