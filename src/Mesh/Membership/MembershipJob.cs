using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Membership;

/// <summary>The things a peer keeps up to date at its rendezvous; at most one request of each is under way.</summary>
public enum MembershipJob
{
    Ticket,
    Card,
    Directory,
    Notices,
}

/// <summary>When one job is to be done next, and whether it is being done.</summary>
internal struct JobClock
{
    /// <summary>Null: nothing to do until something happens.</summary>
    public Instant? DueAt { get; set; }

    public bool Running { get; set; }

    public readonly Instant? Next => Running ? null : DueAt;

    public readonly bool IsDue(Instant now) => Next <= now;
}
