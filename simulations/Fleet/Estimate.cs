using System;
using System.Collections.Generic;
using System.Linq;

namespace Darkbloom.Simulations.Fleet;

/// <summary>A metric over seeds.</summary>
/// <param name="Deviation">The sample's standard deviation; 0 of one seed.</param>
/// <param name="HalfWidth">Half of the 95 % confidence interval of the mean, by Student's t; null of one seed.</param>
public sealed record Estimate(double Mean, double Deviation, double? HalfWidth)
{
    /// <summary>97.5 % quantiles of Student's distribution by degrees of freedom, from 1 on; the normal one beyond.</summary>
    private static readonly double[] _student =
    [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
        2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
        2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ];

    public static Estimate Of(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        double mean = values.Average();
        if (values.Count < 2)
        {
            return new Estimate(mean, 0, null);
        }

        double deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
        double t = values.Count - 2 < _student.Length ? _student[values.Count - 2] : 1.96;
        return new Estimate(mean, deviation, t * deviation / Math.Sqrt(values.Count));
    }
}
