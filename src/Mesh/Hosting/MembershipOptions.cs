using Darkbloom.Protocol.Identity;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Where and as what a peer becomes a member.</summary>
public sealed record MembershipOptions
{
    public required RendezvousAddress Rendezvous { get; init; }

    public required PeerRoles Roles { get; init; }

    /// <summary>What the operator of the rendezvous gave out; empty when anyone may join.</summary>
    public string JoinSecret { get; init; } = "";

    /// <summary>Leaves the join secret out.</summary>
    public override string ToString() => $"{Roles} at {Rendezvous}";
}
