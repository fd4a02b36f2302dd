using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;

namespace Darkbloom.Fuzz;

/// <summary>The soak: the tests' own random sessions and mangled packets, as many as somebody has time for.</summary>
internal static class Program
{
    private const string Usage = """
        Usage: make soak [ARGS="..."], or: dotnet run --project tests/Fuzz -- [work...] [options]

        work        seeds     sessions over random paths with random applications       (100,000 by default)
                    peers     pairs of peers with handshakes, renewals and moves        (1,000)
                    frames    sealed packets of mangled frames, thrown at a connection  (5,000,000)
                    datagrams mangled datagrams, thrown at two peers                    (3,000,000)
                    parsers   mangled packets, messages and tickets                     (2,000,000)
                    all of them by default
        --count N   so many instead
        --from N    begin with this seed instead of 1
        --jobs N    so many at a time; by default one for each core
        """;

    private static int Main(string[] args)
    {
        if (!TryRead(args, out List<Workload> workloads, out SoakPlan plan))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }
        Trace.Listeners.Clear();
        _ = Trace.Listeners.Add(new ThrowingListener());
        long failures = 0;
        foreach (Workload workload in workloads)
        {
            failures += Soak.Run(workload, plan);
        }
        Console.WriteLine(failures == 0 ? "No failure." : $"{failures} failures.");
        return failures == 0 ? 0 : 1;
    }

    private static bool TryRead(string[] args, out List<Workload> workloads, out SoakPlan plan)
    {
        workloads = [];
        plan = new SoakPlan();
        for (int i = 0; i < args.Length; i++)
        {
            if (Workload.All.Find(workload => workload.Name == args[i]) is { } named)
            {
                workloads.Add(named);
                continue;
            }
            bool isNumber = long.TryParse(
                i + 1 < args.Length ? args[i + 1] : "", NumberStyles.None, CultureInfo.InvariantCulture, out long number);
            if (!isNumber || number < 1)
            {
                return false;
            }
            switch (args[i++])
            {
                case "--count":
                    plan = plan with { Count = number };
                    break;
                case "--from":
                    plan = plan with { From = (ulong)number };
                    break;
                case "--jobs" when number <= 256:
                    plan = plan with { Jobs = (int)number };
                    break;
                default:
                    return false;
            }
        }
        workloads = workloads.Count == 0 ? Workload.All : workloads;
        return true;
    }
}
