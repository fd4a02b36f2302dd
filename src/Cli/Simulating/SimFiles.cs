using System;
using System.IO;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Darkbloom.Simulations.Fleet;

namespace Darkbloom.Cli.Simulating;

/// <summary>Writes a report's files; each appears whole or not at all.</summary>
internal static class SimFiles
{
    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    /// <summary>What this program was built from.</summary>
    public static string Revision =>
        typeof(SimFiles).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <exception cref="IOException">The directory can't be written to.</exception>
    public static void Write(string directory, FleetReport report)
    {
        _ = Directory.CreateDirectory(directory);
        Write(directory, "summary.json", writer => writer.Write(report.ToJson(Revision).ToJsonString(_indented) + "\n"));
        Write(directory, "report.html", writer => report.WritePage(writer, Revision));
        Write(directory, "requests.csv", report.WriteRequests);
        Write(directory, "series.csv", report.WriteSeries);
        Write(directory, "violations.jsonl", report.WriteViolations);
    }

    private static void Write(string directory, string name, Action<TextWriter> write)
    {
        string path = Path.Combine(directory, name);
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
