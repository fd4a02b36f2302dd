using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Darkbloom.Bench.Goals;

namespace Darkbloom.Bench.Transport;

/// <summary>What several contenders reached in repetitions that took turns.</summary>
/// <remarks>Ratios are taken within a repetition and their median counts: what slows the machine slows both.</remarks>
internal sealed class Comparison(string unit)
{
    private readonly Dictionary<string, List<double>> _values = [];

    public void Add(string contender, double value)
    {
        if (!_values.TryGetValue(contender, out List<double>? values))
        {
            _values.Add(contender, values = []);
        }
        values.Add(value);
    }

    public double Median(string contender) => MedianOf(_values[contender]);

    /// <summary>A contender in relation to another of the same repetition.</summary>
    public Goal Ratio(string name, string contender, string baseline, Bound? bound) => new(
        name, MedianOf(_values[contender].Zip(_values[baseline], (ours, theirs) => ours / theirs)), "×", bound,
        $"{Text(contender)}; {Text(baseline)}")
    {
        Figures = [FigureOf(contender), FigureOf(baseline)],
    };

    /// <summary>A contender in relation to what the link allows.</summary>
    public Goal Share(string name, string contender, double whole, Bound? bound) => new(
        name, MedianOf(_values[contender].Select(value => value / whole)), "×", bound, FormattableString.Invariant($"{Text(contender)} of {whole:0.###} {unit}"))
    {
        Figures = [FigureOf(contender)],
    };

    /// <summary>A contender's own value.</summary>
    public Goal Value(string name, string contender, Bound? bound) =>
        new(name, Median(contender), unit, bound, $"median of {_values[contender].Count}") { Figures = [FigureOf(contender)] };

    private Figure FigureOf(string contender) => new(contender, Median(contender), unit);

    private string Text(string contender) => string.Create(CultureInfo.InvariantCulture, $"{contender} {Median(contender):0.###} {unit}");

    private static double MedianOf(IEnumerable<double> values)
    {
        Samples samples = new();
        foreach (double value in values)
        {
            samples.Add(value);
        }
        return samples.Median;
    }
}
