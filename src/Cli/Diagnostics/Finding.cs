namespace Darkbloom.Cli.Diagnostics;

/// <summary>What one check found.</summary>
/// <param name="Remedy">What to do about it; empty when there is nothing to do.</param>
internal sealed record Finding(Verdict Verdict, string Detail, string Remedy = "")
{
    public static Finding Good(string detail) => new(Verdict.Good, detail);

    public static Finding Skipped(string detail) => new(Verdict.Skipped, detail);

    public static Finding Doubtful(string detail, string remedy) => new(Verdict.Doubtful, detail, remedy);

    public static Finding Bad(string detail, string remedy) => new(Verdict.Bad, detail, remedy);
}

/// <summary>How bad it is.</summary>
internal enum Verdict
{
    Good,

    /// <summary>There was nothing to check: something optional is not configured.</summary>
    Skipped,

    /// <summary>It works, not as well as it could.</summary>
    Doubtful,

    /// <summary>Something that Darkbloom needs does not work.</summary>
    Bad,
}
