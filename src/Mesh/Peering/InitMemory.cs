using System;
using System.Collections.Generic;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Mesh.Peering;

/// <summary>The newest Init of each of the last peers, so that an older one that someone recorded opens nothing again.</summary>
/// <remarks>
/// The newest itself may come again: its sender repeats it while the answer may be lost, and it leads to one half-open
/// session at a time. A peer whose clock was ahead and was set right is kept out for no longer than the clock skew that
/// tickets allow.
/// </remarks>
internal sealed class InitMemory
{
    /// <summary>Peers remembered; a further one makes the one forgotten that was silent for longest.</summary>
    public const int PeersMax = 4096;

    private static readonly TimeSpan _skew = TimeSpan.FromSeconds(Ticket.ClockSkewSecondsMax);

    private readonly Dictionary<PublicKey, LinkedListNode<(PublicKey Peer, UnixTime SentAt)>> _byPeer = [];
    private readonly LinkedList<(PublicKey Peer, UnixTime SentAt)> _oldestFirst = new();

    public int Count => _byPeer.Count;

    /// <summary>False when a newer Init of this peer came before.</summary>
    /// <param name="clock">This side's clock.</param>
    public bool TryNote(PublicKey peer, UnixTime sentAt, UnixTime clock)
    {
        UnixTime latest = clock + _skew;
        sentAt = sentAt > latest ? latest : sentAt;
        if (_byPeer.TryGetValue(peer, out LinkedListNode<(PublicKey Peer, UnixTime SentAt)>? known))
        {
            if (sentAt < known.Value.SentAt)
            {
                return false;
            }
            _oldestFirst.Remove(known);
        }
        else if (_byPeer.Count == PeersMax)
        {
            _ = _byPeer.Remove(_oldestFirst.First!.Value.Peer);
            _oldestFirst.RemoveFirst();
        }
        _byPeer[peer] = _oldestFirst.AddLast((peer, sentAt));
        return true;
    }
}
