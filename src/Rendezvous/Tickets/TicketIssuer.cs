using System;
using System.Collections.Immutable;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Rendezvous.Tickets;

/// <summary>Signs tickets; the serial and the instant of renewal are drawn, the rest is stated.</summary>
internal sealed class TicketIssuer(string network, TicketSigner signer, Prng prng)
{
    private const int RenewPercentMin = 45;
    private const int RenewPercentMax = 65;

    public static TimeSpan Lifetime { get; } = TimeSpan.FromSeconds(Ticket.LifetimeSecondsMax);

    /// <summary>Keys that sign tickets of this network, the one in use first.</summary>
    public ImmutableArray<PublicKey> TicketKeys { get; } = [signer.PublicKey];

    public Enrolment Issue(UnixTime now, PublicKey holder, PeerRoles roles, TrustTier tier)
    {
        UInt128 serial = new(prng.NextUInt64(), prng.NextUInt64());
        // The holder signs its receipts with its static key as long as enrolment names no other.
        Ticket ticket = new(network, serial, now, now + Lifetime, holder, ReceiptKey: holder, roles, tier, EvidenceHash: default);
        return new Enrolment(holder, roles, tier, now, signer.Sign(ticket));
    }

    /// <summary>Draws when the holder should come back: spread out, so that peers that joined together don't return together.</summary>
    public UnixTime DrawRenewal(UnixTime issuedAt)
    {
        int lifetimeS = (int)Lifetime.TotalSeconds;
        int earliestS = lifetimeS * RenewPercentMin / 100;
        int latestS = lifetimeS * RenewPercentMax / 100;
        return new UnixTime(issuedAt.Seconds + earliestS + prng.Next(latestS - earliestS + 1));
    }
}
