using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Darkbloom.Bench.Goals;

/// <summary>The table for people, the file for machines and the verdict for make.</summary>
internal sealed record GoalReport(string Machine, string Revision, string Measured, IReadOnlyList<Goal> Goals)
{
    public static GoalReport Of(IReadOnlyList<Goal> goals) =>
        new(MachineLine(), RevisionLine(), DateTimeOffset.UtcNow.ToString("O"), goals);

    public bool IsMet => Goals.All(goal => goal.IsMet);

    public void Print(TextWriter output)
    {
        output.WriteLine(Machine);
        output.WriteLine(Revision);
        output.WriteLine();
        int width = Goals.Max(goal => goal.Name.Length);
        foreach (Goal goal in Goals)
        {
            string verdict = goal.Bound is null ? "" : goal.IsMet ? "met" : "MISSED";
            output.WriteLine($"{goal.Name.PadRight(width)}  {goal.MeasuredText,14}  {goal.Bound?.ToString() ?? "",8}  {verdict,-6}  {goal.Note}");
        }
    }

    public void Save(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, JsonSerializer.Serialize(this, GoalJson.Default.GoalReport) + "\n");
    }

    /// <summary>The commit that was measured, and whether the sources differ from it.</summary>
    private static string RevisionLine()
    {
        try
        {
            using Process git = Process.Start(new ProcessStartInfo("git", ["describe", "--always", "--dirty", "--abbrev=12"]) { RedirectStandardOutput = true })!;
            string revision = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return git.ExitCode == 0 ? "revision " + revision : "no revision";
        }
        catch (Win32Exception)
        {
            return "no revision: git is not installed";
        }
    }

    private static string MachineLine()
    {
        string processor = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[^1].Trim() ?? "unknown processor"
            : RuntimeInformation.ProcessArchitecture.ToString();
        long memoryGib = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30;
        return $"{processor}, {Environment.ProcessorCount} cores, {memoryGib} GiB, {RuntimeInformation.OSDescription}, .NET {Environment.Version}";
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(GoalReport))]
internal sealed partial class GoalJson : JsonSerializerContext;
