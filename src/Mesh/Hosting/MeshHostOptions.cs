using System.Collections.Immutable;
using System.Net;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Mesh.Hosting;

/// <summary>How a peer takes part in the mesh.</summary>
public sealed record MeshHostOptions
{
    /// <summary>The network that tickets name; peers of another one are strangers.</summary>
    public required string Network { get; init; }

    /// <summary>Where the one UDP socket binds; port 0 lets the system choose.</summary>
    public IPEndPoint Bind { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>Peers known by key alone, without a ticket: the rendezvous.</summary>
    public ImmutableArray<PublicKey> PinnedPeers { get; init; } = [];

    /// <summary>The rendezvous admits peers that have no ticket yet; nobody else does.</summary>
    public bool AcceptUnticketed { get; init; }

    /// <summary>Limits and timers of every session; tests shorten them.</summary>
    internal ConnectionOptions Connection { get; init; } = new();
}
