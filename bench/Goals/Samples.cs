using System;
using System.Collections.Generic;
using System.Globalization;

namespace Darkbloom.Bench.Goals;

/// <summary>Order statistics of a set of measurements.</summary>
internal sealed class Samples
{
    private readonly List<double> _values = [];

    public int Count => _values.Count;

    public void Add(double value) => _values.Add(value);

    public void AddIfKnown(double? value)
    {
        if (value is { } known)
        {
            Add(known);
        }
    }

    public void AddAll(Samples others) => _values.AddRange(others._values);

    public double Median => Quantile(0.5);

    /// <summary>Between which values the middle half of the measurements lies.</summary>
    public string Spread => string.Create(CultureInfo.InvariantCulture, $"half of them {Quantile(0.25):F3} to {Quantile(0.75):F3}");

    /// <summary>The smallest value that at least this share of the measurements doesn't exceed.</summary>
    public double Quantile(double share)
    {
        if (_values.Count == 0)
        {
            throw new InvalidOperationException("Nothing was measured.");
        }

        List<double> sorted = [.. _values];
        sorted.Sort();
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
    }
}
