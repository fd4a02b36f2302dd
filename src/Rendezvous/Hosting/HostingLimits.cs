namespace Darkbloom.Rendezvous.Hosting;

/// <summary>What the sockets' side of a rendezvous takes on; the requests themselves are bounded by the registrar.</summary>
internal static class HostingLimits
{
    public const int ConnectionsMax = 50_000;

    /// <summary>Requests under way on one connection, the notice stream included.</summary>
    public const int StreamsPerConnectionMax = 16;

    /// <summary>A request that trickles in slower than this is not waited for.</summary>
    public const int RequestReadMsMax = 10_000;

    /// <summary>An answer that the peer doesn't read is not kept for longer.</summary>
    public const int ResponseWriteMsMax = 30_000;

    /// <summary>Below this a journal isn't worth compacting.</summary>
    public const long CompactionBytesMin = 16 * 1024 * 1024;

    /// <summary>A journal this many times as long as when it was last compacted is compacted again.</summary>
    public const int CompactionGrowth = 4;

    public const int HttpConnectionsMax = 64;
}
