using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Rendezvous;

/// <summary>What the transport knows for certain of the peer that asks.</summary>
/// <param name="Key">The static key whose possession the handshake has proven.</param>
/// <param name="Observed">Where the peer's datagrams come from.</param>
public sealed record PeerSession(PublicKey Key, PathAddress Observed)
{
    public PeerId Id { get; } = PeerId.Of(Key);
}
