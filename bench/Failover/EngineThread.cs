using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.EndToEnd.Tests;

namespace Darkbloom.Bench.Failover;

/// <summary>Tells from outside when a node's engine stops: its thread gets no more processor time.</summary>
internal static class EngineThread
{
    /// <summary>As Linux shows the name that the engine gives its thread.</summary>
    private const string Name = "llama engine";
    private static readonly TimeSpan _pollEvery = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan _followMax = TimeSpan.FromSeconds(10);

    /// <summary>How long the thread still ran, from now until the process ends, in milliseconds.</summary>
    public static async Task<double> FollowAsync(MeshMember node)
    {
        long start = Stopwatch.GetTimestamp();
        string thread = Find(node.Pid);
        long ran = Ran(thread);
        double lastMs = 0;
        while (Signals.IsAlive(node.Pid) && Stopwatch.GetElapsedTime(start) < _followMax)
        {
            await Task.Delay(_pollEvery, CancellationToken.None);
            long now = Ran(thread);
            if (now > ran)
            {
                (ran, lastMs) = (now, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        }

        return lastMs;
    }

    private static string Find(int pid)
    {
        foreach (string thread in Directory.GetDirectories($"/proc/{pid}/task"))
        {
            if (File.ReadAllText(Path.Combine(thread, "comm")).Trim() == Name)
            {
                return thread;
            }
        }

        throw new InvalidOperationException($"Process {pid} has no engine.");
    }

    /// <summary>Nanoseconds on a processor; none any more once the thread is gone.</summary>
    private static long Ran(string thread)
    {
        try
        {
            return long.Parse(File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
