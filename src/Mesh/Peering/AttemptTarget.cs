using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Peering;

/// <summary>Whom an attempt to connect is meant for.</summary>
/// <param name="Number">The driver's name for the attempt.</param>
/// <param name="LocalId">This peer's name for the session to come.</param>
internal sealed record AttemptTarget(ulong Number, ConnectionId LocalId, PublicKey Remote, PathAddress Address);
