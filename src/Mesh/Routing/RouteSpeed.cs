namespace Darkbloom.Mesh.Routing;

/// <summary>Tokens per second of one model on one node as this gateway saw them: moving averages, zero until measured.</summary>
/// <remarks>What was seen outranks what the node claims: a node that boasts is believed for one request.</remarks>
public readonly record struct RouteSpeed(double PrefillTokensPerSecond, double DecodeTokensPerSecond)
{
    /// <summary>The share of the newest sample in the average.</summary>
    public const double NewestShare = 0.2;

    /// <summary>Folds in one request's speeds; a part that wasn't measured is zero and leaves its average alone.</summary>
    public RouteSpeed With(RouteSpeed sample) => new(
        Fold(PrefillTokensPerSecond, sample.PrefillTokensPerSecond),
        Fold(DecodeTokensPerSecond, sample.DecodeTokensPerSecond));

    private static double Fold(double average, double sample) =>
        sample <= 0 ? average : average <= 0 ? sample : average + (NewestShare * (sample - average));
}
