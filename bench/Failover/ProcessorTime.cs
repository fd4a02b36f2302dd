using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using Darkbloom.EndToEnd.Tests;

namespace Darkbloom.Bench.Failover;

/// <summary>Tells which of several processes has worked since a moment: among idle ones, the one that serves a stream.</summary>
internal sealed class ProcessorTime
{
    private readonly Dictionary<MeshMember, double> _before;

    public ProcessorTime(IEnumerable<MeshMember> members) => _before = members.ToDictionary(static member => member, Seconds);

    public MeshMember Busiest => _before.MaxBy(static entry => Seconds(entry.Key) - entry.Value).Key;

    private static double Seconds(MeshMember member)
    {
        using Process process = Process.GetProcessById(member.Pid);
        return process.TotalProcessorTime.TotalSeconds;
    }
}
