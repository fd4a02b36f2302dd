using System.Diagnostics;
using System.Globalization;
using System.IO;

namespace Darkbloom.EndToEnd.Tests;

/// <summary>POSIX signals, sent by the kill command.</summary>
internal static class Signals
{
    public const string Interrupt = "INT";
    public const string Kill = "KILL";
    public const string Terminate = "TERM";
    public const string Stop = "STOP";
    public const string Continue = "CONT";

    public static void Send(int pid, string signal)
    {
        using Process kill = Process.Start("kill", ["-" + signal, pid.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Whether a process runs; one that waits to be reaped is over.</summary>
    public static bool IsAlive(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }
}
