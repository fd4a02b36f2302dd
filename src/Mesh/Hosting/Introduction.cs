using System.Collections.Immutable;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Hosting;

/// <summary>A peer that is about to reach this one, and the endpoints from which it may come.</summary>
public sealed record Introduction(PeerId Peer, ImmutableArray<Endpoint> Endpoints);
