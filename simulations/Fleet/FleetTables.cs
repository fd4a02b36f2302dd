using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text.Json;
using System.Text.Json.Nodes;
using Darkbloom.Mesh.Dispatch;

namespace Darkbloom.Simulations.Fleet;

/// <summary>The rows of a results folder, as they are written and as they are read back.</summary>
internal static class FleetTables
{
    public const string RequestsHeader =
        "seed,id,gateway,arrived_s,first_token_s,total_s,longest_gap_s,prompt_tokens,output_tokens,outcome,offers,exposure,resumptions";

    public const string SeriesHeader = "seed,at_s,alive,in_flight,submitted,ended";

    public static string RowOf(ulong seed, RequestRecord r) => string.Create(
        CultureInfo.InvariantCulture,
        $"{seed},{r.Id},{r.Gateway},{r.ArrivedS:F6},{r.FirstTokenS:F6},{r.TotalS:F6},{r.LongestGapS:F6},{r.PromptTokens},{r.OutputTokens},{r.Outcome},{r.Offers},{r.Exposure},{r.Resumptions}");

    public static string RowOf(ulong seed, FleetSample s) =>
        string.Create(CultureInfo.InvariantCulture, $"{seed},{s.AtS:F0},{s.Alive},{s.InFlight},{s.Submitted},{s.Ended}");

    public static string RowOf(ulong seed, FleetViolation violation) =>
        new JsonObject { ["seed"] = seed, ["request"] = violation.Request, ["what"] = violation.What }.ToJsonString();

    public static Dictionary<ulong, List<RequestRecord>> ReadRequests(TextReader reader) => Read("requests.csv", RequestsHeader, reader, static cell => new RequestRecord(
        Whole(cell[1]),
        Whole(cell[2]),
        Number(cell[3]),
        cell[4].Length == 0 ? null : Number(cell[4]),
        Number(cell[5]),
        Number(cell[6]),
        Whole(cell[7]),
        Whole(cell[8]),
        Enum.Parse<InferenceOutcome>(cell[9]),
        Whole(cell[10]),
        Whole(cell[11]),
        Whole(cell[12])));

    public static Dictionary<ulong, List<FleetSample>> ReadSeries(TextReader reader) => Read("series.csv", SeriesHeader, reader, static cell =>
        new FleetSample(Number(cell[1]), Whole(cell[2]), Whole(cell[3]), Whole(cell[4]), Whole(cell[5])));

    public static Dictionary<ulong, List<FleetViolation>> ReadViolations(TextReader reader)
    {
        Dictionary<ulong, List<FleetViolation>> rows = [];
        for (int number = 1; reader.ReadLine() is { } line; number++)
        {
            try
            {
                JsonNode row = JsonNode.Parse(line)!;
                Add(rows, (ulong)row["seed"]!, new FleetViolation((int)row["request"]!, (string)row["what"]!));
            }
            catch (Exception e) when (e is JsonException or NullReferenceException or InvalidOperationException or FormatException)
            {
                throw new FormatException($"violations.jsonl, line {number}: this is no violation.", e);
            }
        }

        return rows;
    }

    /// <exception cref="FormatException">The table isn't one that this program writes.</exception>
    private static Dictionary<ulong, List<T>> Read<T>(string name, string header, TextReader reader, Func<string[], T> rowOf)
    {
        if (reader.ReadLine() != header)
        {
            throw new FormatException($"{name} has other columns than this program writes: run the scenario again.");
        }

        int columns = header.Split(',').Length;
        Dictionary<ulong, List<T>> rows = [];
        for (int number = 2; reader.ReadLine() is { } line; number++)
        {
            string[] cells = line.Split(',');
            try
            {
                Add(rows, ulong.Parse(cells[0], CultureInfo.InvariantCulture), cells.Length == columns ? rowOf(cells) : throw new FormatException());
            }
            catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
            {
                throw new FormatException($"{name}, line {number}: this is no row of the table; was the file cut short?", e);
            }
        }

        return rows;
    }

    private static void Add<T>(Dictionary<ulong, List<T>> rows, ulong seed, T row)
    {
        if (!rows.TryGetValue(seed, out List<T>? of))
        {
            rows[seed] = of = [];
        }

        of.Add(row);
    }

    private static int Whole(string cell) => int.Parse(cell, CultureInfo.InvariantCulture);

    private static double Number(string cell) => double.Parse(cell, CultureInfo.InvariantCulture);
}
