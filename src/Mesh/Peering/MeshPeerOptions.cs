using System.Collections.Immutable;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Mesh.Peering;

/// <summary>How a peer takes part in the mesh.</summary>
public sealed record MeshPeerOptions
{
    /// <summary>The network that tickets name; peers of another one are strangers.</summary>
    public required string Network { get; init; }

    /// <summary>Peers known by key alone, without a ticket: the rendezvous.</summary>
    public ImmutableArray<PublicKey> PinnedPeers { get; init; } = [];

    /// <summary>The rendezvous admits peers that have no valid ticket yet; nobody else does.</summary>
    public bool AcceptUnticketed { get; init; }

    public HandshakeLimits Limits { get; init; } = new();

    public RenewalTimes Renewal { get; init; } = new();

    public ConnectionOptions Connection { get; init; } = new();
}
