namespace Darkbloom.Rendezvous.Limits;

/// <summary>Everything that a peer can make the rendezvous keep or do has its bound here (docs/protocol.md, section 10.6).</summary>
/// <remarks>The limits of a card are <see cref="Mesh.Membership.PeerCardRules"/>: peers check them too.</remarks>
public static class RegistrarLimits
{
    /// <summary>One request message; the largest carries evidence.</summary>
    public const int RequestBytesMax = 64 * 1024;

    /// <summary>One directory answer: below what a message stream carries, with room for its framing.</summary>
    public const int DirectoryBytesMax = 3 * 1024 * 1024;

    public const int JoinSecretBytesMax = 256;
    public const int EvidenceBytesMax = 32 * 1024;

    public const int EnrolledPeersMax = 200_000;
    public const int CardsMax = 50_000;
    public const int SubscriptionsMax = 50_000;

    /// <summary>Digits of an id that a revocation has to name: as many as people are shown.</summary>
    public const int RevokedDigitsMin = 8;

    /// <summary>Peers and prefixes whose rate is being watched; the ones at rest leave first.</summary>
    public const int MetersMax = 65_536;

    public const int RequestsPerPeerPerSecond = 10;
    public const int RequestsPerPeerBurst = 60;

    public const int TicketsPerPeerPerMinute = 4;
    public const int TicketsPerPeerBurst = 12;

    public const int IntroductionsPerPeerPerSecond = 4;
    public const int IntroductionsPerPeerBurst = 64;

    /// <summary>Introductions that one peer is told of; those above it are answered but not announced.</summary>
    public const int AnnouncementsPerPeerPerSecond = 16;
    public const int AnnouncementsPerPeerBurst = 128;

    /// <summary>Wrong join secrets from one address prefix.</summary>
    public const int WrongSecretsPerPrefixPerMinute = 6;
    public const int WrongSecretsPerPrefixBurst = 10;

    /// <summary>First enrolments from one address prefix.</summary>
    public const int EnrolmentsPerPrefixPerMinute = 60;
    public const int EnrolmentsPerPrefixBurst = 300;

    /// <summary>Changes of the directory are announced together, at most this often.</summary>
    public const int DirectoryNoticeIntervalMs = 250;

    /// <summary>A card counts this long after it was last published.</summary>
    public const int CardLifetimeS = Mesh.Membership.MembershipTimings.CardLifetimeS;

    /// <summary>A peer that took no ticket for so long must enrol anew.</summary>
    public const int EnrolmentIdleDaysMax = 30;

    /// <summary>Notices waiting for a subscriber; one that falls further behind is dropped and subscribes again.</summary>
    public const int NoticesQueuedMax = 256;
}
