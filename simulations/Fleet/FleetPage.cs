using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Text;

namespace Darkbloom.Simulations.Fleet;

/// <summary>A report as one page for people: tables and drawings, no script, nothing fetched.</summary>
internal sealed class FleetPage(FleetScenario scenario, IReadOnlyList<FleetResult> results, FleetReport report)
{
    private const int Width = 640;
    private const int Height = 240;
    private const int Margin = 56;
    private const int CurvePoints = 200;

    private static readonly string[] _colours = ["#0b6e4f", "#c84c09", "#3d5a80", "#8f2d56", "#6b705c", "#bb9f06"];

    public void Write(TextWriter writer, string revision)
    {
        writer.Write(
            $$"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>{{Text(scenario.Name)}}</title>
            <style>
            body { font: 16px/1.5 Georgia, serif; color: rgb(34 34 34); max-width: 44em; margin: 2em auto; padding: 0 1em; }
            table { border-collapse: collapse; width: 100%; font-size: 0.9em; }
            th, td { text-align: left; padding: 0.2em 0.8em 0.2em 0; border-bottom: 1px solid #ddd; }
            td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
            figure { margin: 2em 0; } figcaption { font-size: 0.9em; color: rgb(85 85 85); } svg { width: 100%; height: auto; }
            text { font: 12px Georgia, serif; fill: rgb(68 68 68); } .bad { color: rgb(163 0 0); }
            </style></head><body>
            <h1>{{Text(scenario.Name)}}</h1>
            <p>{{Text(scenario.About)}}</p>
            <p>{{results.Count}} seeds, {{Number(scenario.Minutes)}} minutes of virtual time, {{scenario.Fleet.Macs}} Macs, {{scenario.Fleet.Gateways}} gateways.
            Fidelity “{{FleetSimulation.Fidelity}}”: routing, dispatch and admission are the production code; engines, owners and the network are models.
            The mix of Macs and the share of announced leaves are assumptions. Built from {{Text(revision)}}.</p>

            """);
        WriteVerdict(writer);
        WriteMetrics(writer);
        WriteFigure(writer, "Time to the first token", "seconds", "share of requests", [.. results.Select(result => Distribution(result, static request => request.FirstTokenS))]);
        WriteFigure(writer, "Longest pause within an answer", "seconds", "share of answers", [.. results.Select(result => Distribution(result, static request => request.FirstTokenS is null ? null : request.LongestGapS))]);
        WriteFigure(writer, "Macs that are up", "minutes", "Macs", [.. results.Select(static result => Series(result, static sample => sample.Alive))], Faults());
        WriteFigure(writer, "Requests under way", "minutes", "requests", [.. results.Select(static result => Series(result, static sample => sample.InFlight))], Faults());
        writer.Write("<h2>Scenario</h2>\n<pre>");
        writer.Write(Text(ScenarioFile.ToJson(scenario).ToJsonString(new() { WriteIndented = true })));
        writer.Write("</pre>\n</body></html>\n");
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static string Number(double value) => value.ToString(Math.Abs(value) >= 1000 ? "F0" : "G4", CultureInfo.InvariantCulture);

    private static string Place(double value) => value.ToString("F1", CultureInfo.InvariantCulture);

    /// <summary>The share of values up to each of some, as (value, share).</summary>
    private static Curve Distribution(FleetResult result, Func<RequestRecord, double?> valueOf)
    {
        double[] sorted = [.. result.Requests.Select(valueOf).Where(static value => value is not null).Select(static value => value!.Value).Order()];
        List<(double X, double Y)> points = [(0, 0)];
        for (int i = 1; i <= CurvePoints && sorted.Length > 0; i++)
        {
            int index = Math.Min(sorted.Length - 1, (i * sorted.Length / CurvePoints) - (i == CurvePoints ? 1 : 0));
            points.Add((sorted[Math.Max(0, index)], (double)i / CurvePoints));
        }

        return new Curve($"seed {result.Seed}", points);
    }

    private static Curve Series(FleetResult result, Func<FleetSample, double> valueOf) =>
        new($"seed {result.Seed}", [.. result.Series.Select(sample => (sample.AtS / 60, valueOf(sample)))]);

    private List<(double Minute, string Name)> Faults() => [.. scenario.Faults.Select(static fault => (fault.AtMinute, fault.Kind.ToString().ToLowerInvariant()))];

    private void WriteVerdict(TextWriter writer)
    {
        foreach (string line in report.FirstViolations.Select(static violation => "Invariant broken: " + violation).Concat(report.Misses.Select(static miss => "Missed: " + miss)))
        {
            writer.Write($"<p class=\"bad\">{Text(line)}</p>\n");
        }
    }

    private void WriteMetrics(TextWriter writer)
    {
        writer.Write("<table><tr><th>metric</th><th>mean</th><th>95 % interval</th><th></th></tr>\n");
        foreach (string name in FleetMetrics.Names)
        {
            Estimate estimate = report.EstimateOf(name);
            string interval = estimate.HalfWidth is { } half ? "± " + Number(half) : "";
            writer.Write($"<tr><td>{Text(name)}</td><td class=\"number\">{Number(estimate.Mean)}</td><td class=\"number\">{interval}</td><td>{Text(FleetMetrics.MeaningOf(name))}</td></tr>\n");
        }

        writer.Write("</table>\n");
    }

    private static void WriteFigure(
        TextWriter writer, string title, string xName, string yName, IReadOnlyList<Curve> curves, IReadOnlyList<(double Minute, string Name)>? marks = null)
    {
        double xMax = Math.Max(1e-9, curves.SelectMany(static curve => curve.Points).Select(static point => point.X).DefaultIfEmpty().Max());
        double yMax = Math.Max(1e-9, curves.SelectMany(static curve => curve.Points).Select(static point => point.Y).DefaultIfEmpty().Max());
        double X(double value) => Margin + (value / xMax * (Width - Margin - 16));
        double Y(double value) => Height - Margin + 16 - (value / yMax * (Height - Margin));
        StringBuilder svg = new();
        _ = svg.Append(CultureInfo.InvariantCulture, $"<figure><svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{Text(title)}\">\n");
        for (int i = 0; i <= 4; i++)
        {
            double x = xMax * i / 4, y = yMax * i / 4;
            _ = svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{Place(X(0))} {Place(Y(y))}H{Width - 16}\" stroke=\"#e5e5e5\"/><text x=\"{Margin - 6}\" y=\"{Place(Y(y) + 4)}\" text-anchor=\"end\">{Number(y)}</text>");
            _ = svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Place(X(x))}\" y=\"{Height - 24}\" text-anchor=\"middle\">{Number(x)}</text>\n");
        }

        foreach ((double minute, string name) in marks ?? [])
        {
            _ = svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{Place(X(minute))} {Place(Y(yMax))}V{Place(Y(0))}\" stroke=\"#a30000\" stroke-dasharray=\"4 3\"/><text x=\"{Place(X(minute) + 4)}\" y=\"{Place(Y(yMax) + 10)}\">{Text(name)}</text>\n");
        }

        for (int i = 0; i < curves.Count; i++)
        {
            string points = string.Join(' ', curves[i].Points.Select(point => $"{Place(X(point.X))},{Place(Y(point.Y))}"));
            _ = svg.Append(CultureInfo.InvariantCulture, $"<polyline fill=\"none\" stroke=\"{_colours[i % _colours.Length]}\" stroke-width=\"1.5\" points=\"{points}\"><title>{Text(curves[i].Name)}</title></polyline>\n");
        }

        _ = svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Width / 2}\" y=\"{Height - 6}\" text-anchor=\"middle\">{Text(xName)}</text><text x=\"14\" y=\"{Height / 2}\" transform=\"rotate(-90 14 {Height / 2})\" text-anchor=\"middle\">{Text(yName)}</text></svg>\n");
        writer.Write(svg);
        writer.Write($"<figcaption>{Text(title)}; one line for each seed.</figcaption></figure>\n");
    }

    private sealed record Curve(string Name, IReadOnlyList<(double X, double Y)> Points);
}
