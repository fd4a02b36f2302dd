using System;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Mesh.Peering;

/// <summary>Decides by ticket whom this peer talks to.</summary>
internal sealed class TicketRules(MeshPeerOptions options)
{
    private static readonly TimeSpan _skew = TimeSpan.FromSeconds(Ticket.ClockSkewSecondsMax);

    private readonly TicketVerifier _verifier = new(options.Network);

    public bool Trust(PublicKey ticketKey) => _verifier.Trust(ticketKey);

    /// <summary>Whether the holder of <paramref name="key"/> may stay.</summary>
    /// <param name="ticket">Null when the peer may stay without a valid one.</param>
    /// <param name="verdict">What is wrong with the ticket, if anything; a missing one counts as malformed.</param>
    public bool Admits(
        PublicKey key, ReadOnlySpan<byte> envelope, UnixTime now, out VerifiedTicket? ticket, out TicketVerdict verdict)
    {
        ticket = null;
        verdict = envelope.IsEmpty ? TicketVerdict.Malformed : _verifier.Verify(envelope, key, now, out ticket);
        return verdict == TicketVerdict.Valid || MayStayWithoutTicket(key);
    }

    /// <summary>When a peer that was admitted must have come again with a later ticket; null when it need not.</summary>
    public UnixTime? ExpiryOf(RemotePeer peer) => peer.Ticket is { } proven && !MayStayWithoutTicket(peer.Key)
        ? proven.Ticket.NotAfter + _skew
        : null;

    private bool MayStayWithoutTicket(PublicKey key) => options.AcceptUnticketed || options.PinnedPeers.Contains(key);
}
