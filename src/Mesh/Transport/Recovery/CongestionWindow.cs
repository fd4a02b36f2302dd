namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>What all window-based controllers share.</summary>
internal static class CongestionWindow
{
    /// <summary>Datagrams in flight before the path is known.</summary>
    public const int InitialPackets = 32;

    public const int MinimumPackets = 2;

    public static long MinimumBytes(int datagramBytes) => (long)MinimumPackets * datagramBytes;
}
