using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;

namespace Darkbloom.Conformance.Scores;

/// <summary>The rows of one run, for people and for programs.</summary>
public sealed class ScoreReport(IReadOnlyList<ScoreRow> rows)
{
    public bool IsMet => rows.All(static row => row.IsMet);

    public void Write(TextWriter output)
    {
        output.WriteLine("| part | passed | compared | share | goal | not compared |");
        output.WriteLine("|---|---|---|---|---|---|");
        foreach (ScoreRow row in rows)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {row.Part} | {row.Passed} | {row.Passed + row.Failed} | {row.Share:P1} | {row.Goal:P0}{(row.IsMet ? "" : " missed")} | {string.Join("; ", row.NotCompared.Select(static pair => $"{pair.Value} {pair.Key}"))} |"));
        }

        foreach (string failure in rows.SelectMany(static row => row.Failures))
        {
            output.WriteLine(failure);
        }
    }

    public void WriteJson(Stream output)
    {
        using Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteBoolean("met", IsMet);
        json.WriteStartArray("parts");
        foreach (ScoreRow row in rows)
        {
            json.WriteStartObject();
            json.WriteString("part", row.Part);
            json.WriteNumber("passed", row.Passed);
            json.WriteNumber("failed", row.Failed);
            json.WriteNumber("share", row.Share);
            json.WriteNumber("goal", row.Goal);
            json.WriteStartObject("not_compared");
            foreach ((string reason, int count) in row.NotCompared)
            {
                json.WriteNumber(reason, count);
            }

            json.WriteEndObject();
            json.WriteStartArray("failures");
            foreach (string failure in row.Failures)
            {
                json.WriteStringValue(failure);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
