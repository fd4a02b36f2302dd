using System;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>What all controllers share.</summary>
internal static class CongestionWindow
{
    /// <summary>Datagrams in flight before the path is known.</summary>
    public const int InitialPackets = 32;

    public const int MinimumPackets = 4;

    /// <summary>Until the first sample the initial window leaves as if the round trip took at most this long.</summary>
    private static readonly TimeSpan s_unknownRtt = TimeSpan.FromMilliseconds(20);

    public static long InitialBytes(int datagramBytes) => (long)InitialPackets * datagramBytes;

    public static long MinimumBytes(int datagramBytes) => (long)MinimumPackets * datagramBytes;

    /// <summary>The pace before the first sample of the round trip.</summary>
    public static double InitialPace(int datagramBytes) => 2 * InitialBytes(datagramBytes) / s_unknownRtt.TotalSeconds;
}
