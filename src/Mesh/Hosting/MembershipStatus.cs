using Darkbloom.Mesh.Membership;

namespace Darkbloom.Mesh.Hosting;

/// <summary>How a peer stands with its rendezvous.</summary>
/// <param name="Fault">What keeps it from being a full member, in words for its owner; empty when all is well.</param>
public readonly record struct MembershipStatus(MembershipStage Stage, string Fault);
