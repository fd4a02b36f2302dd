namespace Darkbloom.Rendezvous.Tickets;

/// <summary>How the wish to take an enrolment back ended.</summary>
public enum Revocation
{
    /// <summary>The peer gets no ticket any more; the one that it has ends by itself.</summary>
    Revoked,

    /// <summary>No enrolled peer has this id.</summary>
    Unknown,

    /// <summary>Several enrolled peers' ids begin like that: nobody was revoked.</summary>
    Ambiguous,
}
