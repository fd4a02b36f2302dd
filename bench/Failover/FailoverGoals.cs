using System.Collections.Generic;
using System.Linq;
using Darkbloom.Bench.Goals;

namespace Darkbloom.Bench.Failover;

/// <summary>What many losses come to, beside what they must come to.</summary>
internal static class FailoverGoals
{
    private const double EqualMin = 0.995;
    private const double KillGapMsMax = 1500;
    private const double DrainGapMsMax = 300;
    private const double EngineMsMax = 500;

    public static IEnumerable<Goal> Of(IReadOnlyList<Loss> losses) =>
        Of([.. losses.Where(static loss => loss.Kind == LossKind.Kill)], "killed", KillGapMsMax)
            .Concat(Of([.. losses.Where(static loss => loss.Kind == LossKind.Drain)], "drained", DrainGapMsMax));

    private static IEnumerable<Goal> Of(IReadOnlyList<Loss> losses, string what, double gapMsMax)
    {
        if (losses.Count == 0)
        {
            yield break;
        }

        string note = $"{losses.Count} nodes {what} in mid-answer, 1 to 5 others left";
        yield return new Goal($"{what}: streams that finish", Share(losses.Select(static loss => loss.IsFinished)), "share", Bound.AtLeast(1), note);
        yield return new Goal($"{what}: equal to the undisturbed", Share(losses.Select(static loss => loss.IsEqual)), "share", Bound.AtLeast(EqualMin), note);
        foreach (IGrouping<string, Loss> kind in losses.GroupBy(static loss => loss.Class))
        {
            yield return new Goal($"{what}: equal, {kind.Key}", Share(kind.Select(static loss => loss.IsEqual)), "share", null, $"{kind.Count()} answers");
        }

        Samples gaps = new(), engines = new();
        foreach (Loss loss in losses)
        {
            gaps.AddIfKnown(loss.GapMs);
            engines.AddIfKnown(loss.EngineMs);
        }

        yield return new Goal($"{what}: gap at the client, p50", gaps.Median, "ms", null, note);
        yield return new Goal($"{what}: gap at the client, p99", gaps.Quantile(0.99), "ms", Bound.AtMost(gapMsMax), note);
        if (engines.Count > 0)
        {
            yield return new Goal($"{what}: engine idle, p99", engines.Quantile(0.99), "ms", Bound.AtMost(EngineMsMax), "from the signal until its thread ran last");
        }
    }

    private static double Share(IEnumerable<bool> each) => each.Average(static one => one ? 1.0 : 0);
}
