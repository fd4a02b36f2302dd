using System;
using System.Collections.Immutable;
using System.Net;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Mesh.Hosting;

/// <summary>How a peer takes part in the mesh.</summary>
public sealed record MeshHostOptions
{
    /// <summary>An environment variable that, when it is 1, keeps to the calls that every system has.</summary>
    public const string PortableVariable = "DARKBLOOM_PORTABLE_UDP";

    /// <summary>The network that tickets name; peers of another one are strangers.</summary>
    public required string Network { get; init; }

    /// <summary>Where UDP binds; port 0 lets the system choose, and the unspecified IPv6 address means IPv4 as well.</summary>
    public IPEndPoint Bind { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>Which system calls carry the datagrams; <see cref="PortableVariable"/> decides unless it is set here.</summary>
    public UdpCalls UdpCalls { get; init; } =
        Environment.GetEnvironmentVariable(PortableVariable) == "1" ? UdpCalls.Portable : UdpCalls.Fastest;

    /// <summary>Peers known by key alone, without a ticket: the rendezvous.</summary>
    public ImmutableArray<PublicKey> PinnedPeers { get; init; } = [];

    /// <summary>The rendezvous admits peers that have no ticket yet; nobody else does.</summary>
    public bool AcceptUnticketed { get; init; }

    /// <summary>Limits and timers of every session; tests shorten them.</summary>
    internal ConnectionOptions Connection { get; init; } = new();

    /// <summary>What others may cost; tests move it.</summary>
    internal HandshakeLimits Limits { get; init; } = new();
}
