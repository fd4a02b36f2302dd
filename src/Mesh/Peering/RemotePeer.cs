using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Mesh.Peering;

/// <summary>Who is at the other end: a key whose possession the handshake proved, and the ticket that came with it.</summary>
/// <param name="Ticket">Null for peers that may stay without one.</param>
internal sealed record RemotePeer(PublicKey Key, PeerId Id, VerifiedTicket? Ticket)
{
    public RemotePeer(PublicKey key, VerifiedTicket? ticket)
        : this(key, PeerId.Of(key), ticket)
    {
    }
}
