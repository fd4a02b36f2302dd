using System;

namespace Darkbloom.Fuzz;

/// <summary>How much of a workload to run.</summary>
/// <param name="Count">Null for as many as the workload has by itself.</param>
internal sealed record SoakPlan(long? Count = null, ulong From = 1, int Jobs = 0)
{
    public int Jobs { get; init; } = Jobs == 0 ? Environment.ProcessorCount : Jobs;
}
