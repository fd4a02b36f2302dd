using System;

namespace Darkbloom.Gateway.Telemetry;

/// <summary>What the process costs its machine, under the names that Prometheus' own clients use.</summary>
internal static class ProcessMetrics
{
    public static void Write(PrometheusText text)
    {
        text.Family("process_resident_memory_bytes", "gauge", "Resident memory.", Environment.WorkingSet);
        text.Family("process_cpu_seconds_total", "counter", "User and system time.", Environment.CpuUsage.TotalTime.TotalSeconds);
        text.Family("dotnet_gc_allocated_bytes_total", "counter", "Bytes allocated on the managed heap.", GC.GetTotalAllocatedBytes());
        text.Family("dotnet_gc_collections_total", "counter", "Collections of all generations.", GC.CollectionCount(0));
    }
}
