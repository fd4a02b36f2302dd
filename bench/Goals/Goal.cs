using System;
using System.Collections.Generic;
using System.Globalization;

namespace Darkbloom.Bench.Goals;

/// <summary>One measured figure beside what it has to reach.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Measured">In <paramref name="Unit"/>.</param>
/// <param name="Unit">ms, ratio, bytes, MB, s.</param>
/// <param name="Bound">Where the goal lies; null for a figure that is only reported.</param>
/// <param name="Note">Against what, over how many repetitions.</param>
internal sealed record Goal(string Name, double Measured, string Unit, Bound? Bound, string Note)
{
    /// <summary>What the measured value was made from: each contender's own.</summary>
    public IReadOnlyList<Figure> Figures { get; init; } = [];

    public bool IsMet => Bound is not { } bound || bound.Holds(Measured);

    public string MeasuredText => Measured.ToString(Math.Abs(Measured) >= 100 ? "F0" : "F3", CultureInfo.InvariantCulture) + " " + Unit;
}

/// <summary>The median of one contender.</summary>
internal sealed record Figure(string Contender, double Value, string Unit);

/// <summary>A limit that a figure must stay under, or reach.</summary>
internal readonly record struct Bound(double Value, bool IsMaximum)
{
    public static Bound AtMost(double value) => new(value, IsMaximum: true);

    public static Bound AtLeast(double value) => new(value, IsMaximum: false);

    public bool Holds(double measured) => IsMaximum ? measured <= Value : measured >= Value;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(IsMaximum ? "≤" : "≥")} {Value}");
}
