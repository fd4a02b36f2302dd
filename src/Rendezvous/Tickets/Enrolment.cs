using System;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Rendezvous.Log;

namespace Darkbloom.Rendezvous.Tickets;

/// <summary>A peer that may renew without the join secret, and its latest ticket.</summary>
/// <param name="GrantedAt">The start of the latest ticket.</param>
/// <param name="Envelope">The latest ticket; empty when only the enrolment is remembered.</param>
internal sealed record Enrolment(
    PublicKey Key,
    PeerRoles Roles,
    TrustTier Tier,
    UnixTime GrantedAt,
    ReadOnlyMemory<byte> Envelope)
{
    public UnixTime TicketEndsAt => GrantedAt + TicketIssuer.Lifetime;

    public bool HasTicket(UnixTime now) => !Envelope.IsEmpty && now < TicketEndsAt;

    /// <summary>The record that restores this enrolment; a ticket that has ended isn't worth keeping.</summary>
    public JournalRecord ToRecord(UnixTime now) => HasTicket(now)
        ? new JournalRecord(JournalRecordKind.Granted, Key, GrantedAt, Roles, Tier, Envelope)
        : new JournalRecord(JournalRecordKind.Enrolled, Key, GrantedAt, Roles, Tier, default);
}
