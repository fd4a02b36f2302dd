using System;
using System.Globalization;
using System.IO;
using System.Linq;

namespace Darkbloom.Bench.Load;

/// <summary>Resident memory of another process.</summary>
internal static class ProcessMemory
{
    public static double ResidentMegabytes(int pid)
    {
        string line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
    }
}
