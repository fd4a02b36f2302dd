using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Dispatch;

/// <summary>A slot that the node keeps for a gateway, which is to be told.</summary>
public readonly record struct LeaseGrant(PeerId Gateway, ulong Id, Instant ExpiresAt);
