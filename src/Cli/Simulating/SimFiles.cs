using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Darkbloom.Cli.Settings;
using Darkbloom.Simulations.Fleet;

namespace Darkbloom.Cli.Simulating;

/// <summary>A results folder: its files appear whole or not at all.</summary>
internal static class SimFiles
{
    public const string Summary = "summary.json";
    public const string Page = "report.html";

    private const string Requests = "requests.csv";
    private const string Series = "series.csv";
    private const string Violations = "violations.jsonl";

    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    /// <summary>What this program was built from.</summary>
    public static string Revision =>
        typeof(SimFiles).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Writes a report: what is small and worth most first, so that a full disk takes the rest.</summary>
    /// <exception cref="IOException">Some files couldn't be written; it says which, and the others are there.</exception>
    public static void Write(string directory, FleetReport report) => Write(
        directory,
        (Summary, writer => writer.Write(Text(report.ToJson(Revision)))),
        (Violations, report.WriteViolations),
        (Page, writer => report.WritePage(writer, Revision)),
        (Series, report.WriteSeries),
        (Requests, report.WriteRequests));

    /// <exception cref="IOException">Some files couldn't be written; it says which, and the others are there.</exception>
    public static void Write(string directory, params ReadOnlySpan<(string Name, Action<TextWriter> Write)> files)
    {
        _ = Directory.CreateDirectory(directory);
        List<string> written = [], failed = [];
        foreach ((string name, Action<TextWriter> write) in files)
        {
            try
            {
                Write(Path.Combine(directory, name), write);
                written.Add(name);
            }
            catch (IOException e)
            {
                failed.Add($"{name} could not be written ({e.Message.TrimEnd('.')})");
            }
        }

        if (failed.Count > 0)
        {
            throw new IOException($"{string.Join("; ", failed)}. {(written.Count > 0 ? $"{string.Join(", ", written)} are in {directory}." : "Nothing was written.")}");
        }
    }

    public static string Text(JsonNode json) => json.ToJsonString(_indented) + "\n";

    /// <summary>The summary of a results folder; the path may also be that of a file in one.</summary>
    /// <exception cref="SettingException">There is none, or it can't be read.</exception>
    public static FleetSummary ReadSummary(string path)
    {
        string file = Path.Combine(DirectoryOf(path), Summary);
        if (!File.Exists(file))
        {
            throw new SettingException($"There is no {file}; `darkbloom sim run SCENARIO --out DIRECTORY` writes one.");
        }

        try
        {
            return FleetSummary.Read(File.ReadAllText(file));
        }
        catch (FormatException e)
        {
            throw new SettingException($"{file}: {e.Message}");
        }
    }

    /// <summary>A results folder as it was written.</summary>
    /// <exception cref="SettingException">A file is missing or isn't what it should be.</exception>
    public static FleetReport ReadReport(string path)
    {
        FleetSummary summary = ReadSummary(path);
        string directory = DirectoryOf(path);
        try
        {
            using StreamReader requests = new(Path.Combine(directory, Requests));
            using StreamReader series = new(Path.Combine(directory, Series));
            using StreamReader violations = new(Path.Combine(directory, Violations));
            return FleetReport.Read(summary, requests, series, violations);
        }
        catch (Exception e) when (e is FormatException or FileNotFoundException)
        {
            throw new SettingException($"{directory}: {e.Message}");
        }
    }

    public static string DirectoryOf(string path) => File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path))! : path;

    private static void Write(string path, Action<TextWriter> write)
    {
        string unfinished = path + ".unfinished";
        try
        {
            using (StreamWriter writer = new(unfinished, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)))
            {
                write(writer);
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }
}
