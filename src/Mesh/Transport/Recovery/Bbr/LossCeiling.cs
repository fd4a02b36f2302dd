using System;

namespace Darkbloom.Mesh.Transport.Recovery.Bbr;

/// <summary>How much loss is still taken for the path's own: 2 %, and what chance adds to that.</summary>
/// <remarks>
/// Of 170 packets on a path that loses 2 %, every other round loses more than 2 %. Three standard deviations above the
/// mean tell a queue that overflows, which takes a fifth of a probe at once, from bad luck.
/// </remarks>
internal static class LossCeiling
{
    private const double Share = 0.02;
    private const double Deviations = 3;

    public static bool IsExceeded(long bytesLost, long bytesSent, int datagramBytes)
    {
        double lost = (double)bytesLost / datagramBytes;
        double expected = Share * bytesSent / datagramBytes;
        return lost > expected + (Deviations * Math.Sqrt(expected));
    }
}
