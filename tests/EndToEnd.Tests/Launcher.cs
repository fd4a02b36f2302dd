using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;

namespace Darkbloom.EndToEnd.Tests;

/// <summary>Runs the launcher script as a newcomer does, with the build configuration of the tests.</summary>
internal static class Launcher
{
    public static string Root { get; } = FindRoot();

    private static string Configuration =>
        AppContext.BaseDirectory.Contains("release", StringComparison.OrdinalIgnoreCase) ? "Release" : "Debug";

    public static Process Start(IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(Path.Combine(Root, "darkbloom"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.ArgumentList.Add("--no-build");
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["DARKBLOOM_CONFIGURATION"] = Configuration;
        return Process.Start(start)!;
    }

    /// <summary>Runs a command to its end.</summary>
    public static async Task<Finished> RunAsync(params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(MeshProcess.PatienceMax);
        return new Finished(process.ExitCode, await output, await error);
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Darkbloom.sln")))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException($"Darkbloom.sln is not above {AppContext.BaseDirectory}.");
    }
}

/// <summary>What a command left behind.</summary>
internal sealed record Finished(int ExitCode, string Output, string Error);
