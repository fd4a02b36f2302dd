using Darkbloom.Protocol.Identity;

namespace Darkbloom.Mesh.Membership;

/// <summary>Who asks for membership, of what, and as what.</summary>
public sealed record MembershipProfile(string Network, PublicKey Key, PeerRoles Roles, string JoinSecret)
{
    /// <summary>Leaves the join secret out.</summary>
    public override string ToString() => $"{PeerId.Of(Key)} as {Roles} of {Network}";
}
