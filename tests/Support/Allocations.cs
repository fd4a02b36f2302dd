using System;

namespace Darkbloom.Tests.Support;

/// <summary>Counts what code allocates on the thread that runs it.</summary>
internal static class Allocations
{
    private const int RoundsMax = 10;

    /// <summary>The bytes of the leanest of some rounds: what the code itself allocates, it allocates in every one.</summary>
    /// <remarks>The runtime allocates on this thread too, once, when it replaces code that runs often.</remarks>
    public static long LeastOf(Action round)
    {
        long least = long.MaxValue;
        for (int i = 0; i < RoundsMax && least > 0; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            round();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
