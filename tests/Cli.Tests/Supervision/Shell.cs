using System;
using System.Diagnostics;

namespace Darkbloom.Cli.Tests.Supervision;

/// <summary>Asks a real shell what it makes of a command line.</summary>
internal static class Shell
{
    public static string[] Words(string line)
    {
        ProcessStartInfo start = new("/bin/sh") { RedirectStandardOutput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"printf '%s\\n' {line}");
        using Process shell = Process.Start(start)!;
        string output = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
