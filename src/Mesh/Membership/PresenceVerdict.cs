namespace Darkbloom.Mesh.Membership;

/// <summary>What a <see cref="PresenceBook"/> makes of a card that somebody passed on.</summary>
public enum PresenceVerdict
{
    /// <summary>Believed, and unknown until now or newer than what was known.</summary>
    News,

    /// <summary>Known already; nothing was verified again.</summary>
    Known,

    /// <summary>Older than what is known, or of a peer that said goodbye since.</summary>
    Stale,

    /// <summary>No card, or this peer's own.</summary>
    Malformed,

    /// <summary>Issued too long ago.</summary>
    Expired,

    /// <summary>Issued later than clocks may differ.</summary>
    FromFuture,

    /// <summary>Its ticket doesn't verify, or doesn't grant its roles.</summary>
    NoTicket,

    /// <summary>Its holder didn't sign it.</summary>
    Forged,
}
