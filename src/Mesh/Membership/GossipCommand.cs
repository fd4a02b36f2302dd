using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Membership;

/// <summary>What the driver of a <see cref="GossipState"/> does next.</summary>
/// <param name="Message">What to send, over a session that is dialled first if there is none; null: no session with the peer is needed any more.</param>
public readonly record struct GossipCommand(PeerId Peer, GossipMessage? Message);
