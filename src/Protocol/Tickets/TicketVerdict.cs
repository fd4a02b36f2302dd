namespace Darkbloom.Protocol.Tickets;

/// <summary>Why a ticket is not believed; the first reason found, cheap checks before the signature.</summary>
public enum TicketVerdict
{
    Valid,

    /// <summary>Its bytes are not the one encoding of any ticket of this version.</summary>
    Malformed,

    /// <summary>A key that is trusted did not make the signature that bears its name.</summary>
    BadSignature,

    /// <summary>No key that is trusted has signed it.</summary>
    UnknownSigner,

    /// <summary>Its time has not come, by more than the allowed clock skew.</summary>
    NotYetValid,

    /// <summary>Its time is over, by more than the allowed clock skew.</summary>
    Expired,

    /// <summary>It claims to live longer than any ticket may.</summary>
    LifetimeTooLong,

    /// <summary>It belongs to another network.</summary>
    WrongNetwork,

    /// <summary>It belongs to another static key than the session's.</summary>
    WrongHolder,

    /// <summary>Its serial or its holder was revoked.</summary>
    Revoked,
}
