using System.Collections.Generic;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Mesh;

/// <summary>What becomes of sessions once they are open: who has how many, and whose keys and tickets are renewed.</summary>
public sealed partial class MeshPeer
{
    /// <summary>Counts a session that its peer has just confirmed.</summary>
    /// <remarks>
    /// A peer that restarts comes again at once, while its former sessions look alive until they time out: the one before
    /// is doubted. One that has as many as it may loses its oldest, which is likelier a leftover than the newest.
    /// </remarks>
    private void Settle(Instant now, MeshSession session)
    {
        if (!_byPeer.TryGetValue(session.RemoteKey, out List<MeshSession>? sessions))
        {
            _byPeer.Add(session.RemoteKey, sessions = []);
        }
        if (sessions.Count > 0)
        {
            sessions[^1].Connection.Doubt(now);
            Touch(sessions[^1]);
        }
        if (sessions.Count == _limits.SessionsPerPeerMax)
        {
            MeshSession oldest = sessions[0];
            sessions.RemoveAt(0);
            oldest.Close(now, PeerCodes.Busy, "as many sessions as a peer may have");
        }
        sessions.Add(session);
    }

    private void ForgetOfPeer(MeshSession session)
    {
        if (_byPeer.TryGetValue(session.RemoteKey, out List<MeshSession>? sessions)
            && sessions.Remove(session) && sessions.Count == 0)
        {
            _ = _byPeer.Remove(session.RemoteKey);
        }
    }

    /// <summary>Takes a message of a new handshake within a session; a ticket that it brings replaces the peer's last.</summary>
    private void Renew(Instant now, MeshSession session, HandshakeMessage message)
    {
        RenewalOutcome outcome = session.Renewal.OnMessage(_context, now, session.Remote, message);
        _counters.SessionsRenewed += outcome.HasFreshKeys ? 1 : 0;
        _counters.TicketsRejected += outcome.Verdict == TicketVerdict.Valid ? 0 : 1;
        if (outcome.Ticket is { } ticket)
        {
            session.Adopt(ticket);
            session.TicketEndsAt = EndOf(now, session.Remote);
        }
    }

    private Instant? EndOf(Instant now, RemotePeer remote) =>
        _context.Tickets.ExpiryOf(remote) is { } expiry ? now + (expiry - _context.ClockAt(now)) : null;
}
