using System;
using System.Collections.Generic;
using System.Diagnostics;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Membership.Overlay;

/// <summary>Keeps this peer in touch with a few others so that all of them together stay one mesh, without anybody who knows all.</summary>
/// <remarks>
/// HyParView (Leitão, Pereira, Rodrigues, DSN 2007): a few neighbours with sessions, symmetric, and a larger set of
/// stand-ins. Its shuffles are exchanges of cards with one neighbour here, which tell of peers and prove them at once.
/// Inputs are <c>On*</c>, <see cref="Timeout"/> and <see cref="Leave"/>; after each, drain <see cref="TryTakeCommand"/>
/// and arm one timer for <see cref="NextTimeout"/>. The driver only speaks of peers whose cards were verified.
/// What another peer is to this one:
/// <code>
/// (none)  -> [heard of]                          -> Passive
/// Passive -> [a neighbour is missing]            -> Asked
/// (none), Passive -> [a walk of its news ends here] -> Asked     so that newcomers get neighbours all over the mesh
/// Asked   -> [accept]                            -> Active
/// Asked   -> [decline]                           -> Passive
/// Asked   -> [no answer | no session]            -> (none)
/// any     -> [join | urgent neighbour]           -> Active       a random neighbour makes room
/// any     -> [neighbour, and there is room]      -> Active
/// Active  -> [makes room | disconnect]           -> Passive
/// any     -> [session lost | goodbye]            -> (none)
/// Passive -> [makes room]                        -> (none)
/// </code></remarks>
public sealed class PeerOverlay
{
    private readonly PeerId _self;
    private readonly OverlayPolicy _policy;
    private readonly Prng _prng;
    private readonly List<PeerId> _active = [];
    private readonly List<PeerId> _passive = [];

    /// <summary>Until when each has time to answer.</summary>
    private readonly SortedDictionary<PeerId, Instant> _asked = [];
    private readonly Queue<OverlayCommand> _commands = new();

    /// <summary>Before this, nobody is asked because a neighbour is missing.</summary>
    private Instant _searchAt;
    private Instant _exchangeAt;

    /// <summary>Peers without room since a neighbour was last found or lost.</summary>
    private int _declines;
    private bool _hasLeft;

    public PeerOverlay(Instant now, PeerId self, OverlayPolicy policy, Prng prng)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(prng);
        ArgumentOutOfRangeException.ThrowIfLessThan(policy.ActiveMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(policy.PassiveMax, 1);
        (_self, _policy, _prng, _searchAt) = (self, policy, prng, now);
        _exchangeAt = now + NextInterval();
    }

    /// <summary>The neighbours.</summary>
    public IReadOnlyList<PeerId> Active => _active;

    /// <summary>Who may stand in for them.</summary>
    public IReadOnlyList<PeerId> Passive => _passive;

    public Instant? NextTimeout
    {
        get
        {
            Instant? next = _active.Count > 0 ? _exchangeAt : null;
            foreach (Instant due in _asked.Values)
            {
                next = Instant.Earlier(next, due);
            }

            return Searches ? Instant.Earlier(next, _searchAt) : next;
        }
    }

    /// <summary>What the driver does next.</summary>
    public bool TryTakeCommand(out OverlayCommand command) => _commands.TryDequeue(out command);

    /// <summary>A believed card told of this peer.</summary>
    public void OnHeardOf(Instant now, PeerId peer)
    {
        if (_hasLeft)
        {
            return;
        }

        Note(peer);
        Search(now);
        AssertInvariants();
    }

    /// <summary>A peer says something; it came over a session with that peer.</summary>
    public void OnMessage(Instant now, PeerId from, in OverlayMessage message)
    {
        if (_hasLeft || from == _self)
        {
            return;
        }

        switch (message.Kind)
        {
            case OverlayMessageKind.Join:
                OnJoin(from);
                break;
            case OverlayMessageKind.ForwardJoin:
                OnForwardJoin(now, from, message.Newcomer, Math.Clamp(message.HopsLeft, 0, _policy.ActiveWalkHops));
                break;
            case OverlayMessageKind.UrgentNeighbor:
                BecomeNeighbor(from);
                Send(from, OverlayMessageKind.Accept);
                break;
            case OverlayMessageKind.Neighbor:
                OnNeighbor(from);
                break;
            case OverlayMessageKind.Accept:
                OnAccept(from);
                break;
            case OverlayMessageKind.Decline when _asked.Remove(from):
                Note(from);
                OnDeclined(now);
                break;
            case OverlayMessageKind.Disconnect:
                if (_active.Remove(from) | _asked.Remove(from))
                {
                    Note(from);
                }

                break;
            case OverlayMessageKind.Goodbye:
                Forget(from);
                break;
        }

        Search(now);
        AssertInvariants();
    }

    /// <summary>A peer began an exchange of cards, as only neighbours do: one that isn't any more learns it.</summary>
    public void OnExchange(Instant now, PeerId from)
    {
        if (_hasLeft || from == _self || _active.Contains(from))
        {
            return;
        }

        if (_active.Count < _policy.ActiveMax)
        {
            BecomeNeighbor(from);
        }
        else
        {
            Send(from, OverlayMessageKind.Disconnect);
        }

        AssertInvariants();
    }

    /// <summary>No session with the peer comes about, or the one there was is over.</summary>
    public void OnLost(Instant now, PeerId peer)
    {
        Forget(peer);
        Search(now);
        AssertInvariants();
    }

    /// <summary>Time has passed; harmless when it is early.</summary>
    public void Timeout(Instant now)
    {
        if (_hasLeft)
        {
            return;
        }

        List<PeerId> silent = [];
        foreach ((PeerId peer, Instant due) in _asked)
        {
            if (due <= now)
            {
                silent.Add(peer);
            }
        }

        foreach (PeerId peer in silent)
        {
            Forget(peer);
            _commands.Enqueue(new OverlayCommand(OverlayCommandKind.Drop, peer));
        }

        if (_exchangeAt <= now)
        {
            _exchangeAt = now + NextInterval();
            if (_active.Count > 0)
            {
                _commands.Enqueue(new OverlayCommand(OverlayCommandKind.Exchange, Draw(_active)));
            }
        }

        Search(now);
        AssertInvariants();
    }

    /// <summary>Says goodbye to the neighbours; nothing follows.</summary>
    public void Leave()
    {
        foreach (PeerId neighbor in _active)
        {
            Send(neighbor, OverlayMessageKind.Goodbye);
        }

        _hasLeft = true;
        _active.Clear();
        _passive.Clear();
        _asked.Clear();
    }

    /// <summary>Whether somebody is to be asked; a newcomer asks one contact at a time, which tells others of it.</summary>
    private bool Searches => !_hasLeft
        && _passive.Count > 0
        && (_active.Count == 0 ? _asked.Count == 0 : _active.Count + _asked.Count < _policy.ActiveMax);

    private void OnJoin(PeerId newcomer)
    {
        BecomeNeighbor(newcomer);
        Send(newcomer, OverlayMessageKind.Accept);
        foreach (PeerId neighbor in _active)
        {
            if (neighbor != newcomer)
            {
                Send(neighbor, new OverlayMessage(OverlayMessageKind.ForwardJoin, newcomer, _policy.ActiveWalkHops));
            }
        }
    }

    private void OnForwardJoin(Instant now, PeerId from, PeerId newcomer, int hopsLeft)
    {
        if (newcomer == _self || _active.Contains(newcomer))
        {
            return;
        }

        List<PeerId> onward = _active.FindAll(neighbor => neighbor != from && neighbor != newcomer);
        if (hopsLeft == 0 || onward.Count == 0)
        {
            Ask(now, newcomer, OverlayMessageKind.UrgentNeighbor);
            return;
        }

        if (hopsLeft == _policy.PassiveWalkHops)
        {
            Note(newcomer);
        }

        Send(Draw(onward), new OverlayMessage(OverlayMessageKind.ForwardJoin, newcomer, hopsLeft - 1));
    }

    private void OnNeighbor(PeerId from)
    {
        // Two that ask each other at once have both the room that they asked for.
        if (_active.Count < _policy.ActiveMax || _active.Contains(from))
        {
            BecomeNeighbor(from);
            Send(from, OverlayMessageKind.Accept);
            return;
        }

        Note(from);
        Send(from, OverlayMessageKind.Decline);
    }

    private void OnAccept(PeerId from)
    {
        if (_asked.ContainsKey(from))
        {
            BecomeNeighbor(from);
        }
        else if (!_active.Contains(from))
        {
            Send(from, OverlayMessageKind.Disconnect); // it took its time, and others have the place
        }
    }

    /// <summary>Everybody may be full: a mesh of an odd number of places always has one that is left over.</summary>
    private void OnDeclined(Instant now)
    {
        TimeSpan rest = _policy.SearchRest * (1 << Math.Min(_declines, 16));
        _searchAt = now + (rest < _policy.SearchRestMax ? rest : _policy.SearchRestMax);
        _declines++;
    }

    /// <summary>Asks a random stand-in while a neighbour is missing.</summary>
    private void Search(Instant now)
    {
        while (Searches && _searchAt <= now)
        {
            Ask(now, Draw(_passive), _active.Count > 0 ? OverlayMessageKind.Neighbor : OverlayMessageKind.Join);
        }
    }

    private void Ask(Instant now, PeerId peer, OverlayMessageKind kind)
    {
        // A flood of news of newcomers must not make this peer dial without end.
        if (_asked.Count < _policy.ActiveMax && _asked.TryAdd(peer, now + _policy.AnswerMax))
        {
            _ = _passive.Remove(peer);
            Send(peer, kind);
        }
    }

    private void BecomeNeighbor(PeerId peer)
    {
        _ = _asked.Remove(peer);
        _ = _passive.Remove(peer);
        if (_active.Contains(peer))
        {
            return;
        }

        if (_active.Count == _policy.ActiveMax)
        {
            PeerId leaves = Draw(_active);
            _ = _active.Remove(leaves);
            Note(leaves);
            Send(leaves, OverlayMessageKind.Disconnect);
            _commands.Enqueue(new OverlayCommand(OverlayCommandKind.Drop, leaves));
        }

        _active.Add(peer);
        _declines = 0;
    }

    private void Note(PeerId peer)
    {
        if (peer == _self || _active.Contains(peer) || _asked.ContainsKey(peer) || _passive.Contains(peer))
        {
            return;
        }

        if (_passive.Count < _policy.PassiveMax)
        {
            _passive.Add(peer);
            return;
        }

        _passive[_prng.Next(_passive.Count)] = peer;
    }

    private void Forget(PeerId peer)
    {
        _declines = _active.Remove(peer) ? 0 : _declines;
        _ = _passive.Remove(peer);
        _ = _asked.Remove(peer);
    }

    private PeerId Draw(List<PeerId> peers) => peers[_prng.Next(peers.Count)];

    private void Send(PeerId peer, OverlayMessageKind kind) => Send(peer, new OverlayMessage(kind));

    private void Send(PeerId peer, in OverlayMessage message) =>
        _commands.Enqueue(new OverlayCommand(OverlayCommandKind.Send, peer, message));

    private TimeSpan NextInterval() => _policy.ExchangeInterval * (0.8 + (0.4 * _prng.Next(1000) / 1000));

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_active.Count <= _policy.ActiveMax && _passive.Count <= _policy.PassiveMax, "the views are bounded");
        Debug.Assert(_asked.Count <= _policy.ActiveMax, "few are asked at a time");
        Debug.Assert(!_active.Contains(_self) && !_passive.Contains(_self) && !_asked.ContainsKey(_self), "nobody is its own neighbour");
        foreach (PeerId peer in _active)
        {
            Debug.Assert(!_passive.Contains(peer) && !_asked.ContainsKey(peer), "a peer has one place");
        }

        foreach (PeerId peer in _asked.Keys)
        {
            Debug.Assert(!_passive.Contains(peer), "a peer has one place");
        }
    }
}
