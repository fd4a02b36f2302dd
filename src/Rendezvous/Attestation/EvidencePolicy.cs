using System;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Rendezvous.Attestation;

/// <summary>Maps evidence to the tier that it proves; a tier that isn't proven is never granted.</summary>
internal static class EvidencePolicy
{
    /// <summary>No evidence proves that the same key came back, which is tier <see cref="TrustTier.Self"/>.</summary>
    public static EvidenceVerdict Judge(ReadOnlySpan<byte> evidence) => evidence.IsEmpty
        ? new EvidenceVerdict(TrustTier.Self, "")
        : new EvidenceVerdict(null, "this rendezvous verifies no attestation: enrol without evidence, for tier self");
}

/// <summary>The tier that evidence proves, or why it proves none.</summary>
internal readonly record struct EvidenceVerdict(TrustTier? Tier, string Fault);
