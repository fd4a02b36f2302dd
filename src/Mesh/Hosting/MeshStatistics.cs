using Darkbloom.Mesh.Peering;

namespace Darkbloom.Mesh.Hosting;

/// <summary>What a host has seen and done, at one moment.</summary>
/// <param name="Sessions">Sessions open now.</param>
public sealed record MeshStatistics(int Sessions, PeerCounters Peer, PortStatistics Port);
