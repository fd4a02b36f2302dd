using System.Collections.Generic;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Mesh.Transport.Paths;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh;

/// <summary>Names under which sessions are reached, and what happens when the network under this peer changes.</summary>
public sealed partial class MeshPeer
{
    /// <summary>The network under this peer changed, or may have: every session asks its other side for an answer at once.</summary>
    public void MigrateLocally(Instant now)
    {
        foreach (MeshSession session in Sessions())
        {
            if (!session.IsHalfOpen)
            {
                _atWork = session;
                session.Connection.MigrateLocally(now);
                Touch(session);
            }
        }
        _atWork = null;
    }

    /// <summary>Each session once, whatever the number of its ids.</summary>
    private IEnumerable<MeshSession> Sessions()
    {
        foreach ((ConnectionId id, MeshSession session) in _sessions)
        {
            if (id == session.Connection.LocalIds.Oldest)
            {
                yield return session;
            }
        }
    }

    /// <summary>Gives the other side spare ids to move with, and forgets those that it has given back.</summary>
    private void RenewIds(Instant now, MeshSession session)
    {
        LocalConnectionIds ids = session.Connection.LocalIds;
        while (ids.TryRelease(now, out ConnectionId released))
        {
            _ = _sessions.Remove(released);
        }
        while (ids.WantsAnother && !session.IsGone && !session.IsHalfOpen && session.Connection.State == ConnectionState.Open)
        {
            ConnectionId id = NewConnectionId();
            ids.Add(id);
            _sessions.Add(id, session);
        }
    }
}
