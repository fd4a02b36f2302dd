namespace Darkbloom.Mesh.Membership;

/// <summary>The pace of membership: what a peer does how often (docs/protocol.md, section 8.13).</summary>
public static class MembershipTimings
{
    /// <summary>A card counts this long after it was last published.</summary>
    public const int CardLifetimeS = 360;

    /// <summary>Two publications may get lost before a card lapses.</summary>
    public const int CardIntervalS = CardLifetimeS / 3;

    /// <summary>Renewed tickets of others are fetched this often even when nothing else was announced.</summary>
    public const int DirectoryIntervalS = 120;

    public const int ReconnectDelayMsMin = 250;
    public const int ReconnectDelayMsMax = 30_000;

    /// <summary>A join secret that was rejected is not going to be right a moment later.</summary>
    public const int RejectedDelayMs = 60_000;

    /// <summary>A request that failed for another reason is tried again on the same session after this.</summary>
    public const int RequestRetryDelayMs = 2_000;

    public const int RequestTimeoutMs = 10_000;

    /// <summary>The least time between two fetches of the directory.</summary>
    public const int DirectoryFetchIntervalMs = 250;

    /// <summary>A renewal is never planned nearer than this, whatever the rendezvous answers.</summary>
    public const int RenewDelaySMin = 10;
}
