using System;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Protocol.Tickets;

/// <summary>A membership ticket as its issuer states it (docs/protocol.md, section 3).</summary>
/// <param name="Network">The one mesh that it admits to.</param>
/// <param name="Serial">Unique to this ticket; revocation names it, never a hash that covers a signature.</param>
/// <param name="NotBefore">The first second of its life.</param>
/// <param name="NotAfter">The first second after its life.</param>
/// <param name="Holder">The static key that proves itself in the handshake.</param>
/// <param name="ReceiptKey">The key that signs the holder's receipts.</param>
/// <param name="Roles">What the holder may do.</param>
/// <param name="Tier">What was proven about the holder.</param>
/// <param name="EvidenceHash">SHA-256 of the evidence for the tier; empty at <see cref="TrustTier.Self"/>, which has
/// none.</param>
public sealed record Ticket(
    string Network,
    UInt128 Serial,
    UnixTime NotBefore,
    UnixTime NotAfter,
    PublicKey Holder,
    PublicKey ReceiptKey,
    PeerRoles Roles,
    TrustTier Tier,
    ReadOnlyMemory<byte> EvidenceHash)
{
    /// <summary>No verifier believes a longer life, so a forgotten ticket dies within the hour.</summary>
    public const int LifetimeSecondsMax = 3_600;

    /// <summary>How far two peers' clocks may differ.</summary>
    public const int ClockSkewSecondsMax = 120;

    public bool Equals(Ticket? other) =>
        other is not null
        && Network == other.Network
        && Serial == other.Serial
        && (NotBefore, NotAfter) == (other.NotBefore, other.NotAfter)
        && (Roles, Tier) == (other.Roles, other.Tier)
        && Holder == other.Holder
        && ReceiptKey == other.ReceiptKey
        && EvidenceHash.Span.SequenceEqual(other.EvidenceHash.Span);

    public override int GetHashCode() => Serial.GetHashCode();
}
