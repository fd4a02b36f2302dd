using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading.Tasks;
using Darkbloom.EndToEnd.Tests;

namespace Darkbloom.Bench.Failover;

/// <summary>A node's engine, watched from outside: its thread has processor time exactly while it computes.</summary>
internal sealed class EngineThread
{
    /// <summary>As Linux shows the name that the engine gives its thread.</summary>
    private const string Name = "llama engine";
    private static readonly TimeSpan _pollEvery = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan _followMax = TimeSpan.FromSeconds(10);

    private readonly int _pid;
    private readonly string _schedule;

    private EngineThread(int pid, string thread) => (_pid, _schedule) = (pid, Path.Combine(thread, "schedstat"));

    /// <summary>How long it has run in all, in milliseconds; none any more once the thread is gone.</summary>
    public double RanMs
    {
        get
        {
            try
            {
                return long.Parse(File.ReadAllText(_schedule).Split(' ')[0], CultureInfo.InvariantCulture) / 1e6;
            }
            catch (IOException)
            {
                return 0;
            }
        }
    }

    public static EngineThread Of(MeshMember node)
    {
        foreach (string thread in Directory.GetDirectories($"/proc/{node.Pid}/task"))
        {
            if (File.ReadAllText(Path.Combine(thread, "comm")).Trim() == Name)
            {
                return new EngineThread(node.Pid, thread);
            }
        }

        throw new InvalidOperationException($"Process {node.Pid} has no engine.");
    }

    /// <summary>When it last ran, from now until its process ends, in milliseconds from now.</summary>
    public async Task<double> FollowAsync()
    {
        long start = Stopwatch.GetTimestamp();
        double ran = RanMs, lastMs = 0;
        while (Signals.IsAlive(_pid) && Stopwatch.GetElapsedTime(start) < _followMax)
        {
            await Task.Delay(_pollEvery);
            if (RanMs is double now && now > ran)
            {
                (ran, lastMs) = (now, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        }

        return lastMs;
    }
}
