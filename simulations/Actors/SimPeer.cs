using System;
using Darkbloom.Mesh;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Simulations.Network;

namespace Darkbloom.Simulations.Actors;

/// <summary>Drives one production peer in virtual time, as the host drives it in real time.</summary>
public sealed class SimPeer : IDisposable
{
    private readonly World _world;
    private readonly SimNetwork _network;
    private Instant? _wakesAt;
    private bool _draining;
    private bool _killed;

    public SimPeer(World world, SimNetwork network, PathAddress address, MeshPeerOptions options)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(network);
        _world = world;
        _network = network;
        Address = address;
        SeededEntropy entropy = new(world.Fork());
        Identity = entropy.CreateIdentity();
        Core = new MeshPeer(world.Now, SimClock.At(world.Now), options, Identity, entropy);
        network.Attach(address, Receive);
    }

    public MeshPeer Core { get; }

    public PeerIdentity Identity { get; }

    public PathAddress Address { get; private set; }

    /// <summary>Takes each event, in order; it may give the core commands.</summary>
    public Action<PeerEvent>? Told { get; set; }

    public ulong Connect(SimPeer other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Connect(other.Identity.PublicKey, other.Address);
    }

    public ulong Connect(PublicKey key, PathAddress address)
    {
        ulong attempt = Core.Connect(_world.Now, key, address);
        Drain();
        return attempt;
    }

    /// <summary>Gives the core a command, and then sends and tells what follows from it.</summary>
    public void Do(Action command)
    {
        ArgumentNullException.ThrowIfNull(command);
        command();
        Drain();
    }

    /// <summary>Ends without a word, as a process does that is killed or a Mac that goes to sleep.</summary>
    public void Kill()
    {
        _killed = true;
        _network.Detach(Address);
    }

    /// <summary>Sends and receives from another address on, as behind a NAT that forgot its mapping.</summary>
    public void Move(PathAddress address)
    {
        _network.Detach(Address);
        Address = address;
        _network.Attach(address, Receive);
    }

    public void Dispose()
    {
        Kill();
        Core.Dispose();
        Identity.Dispose();
    }

    private void Receive(PathAddress from, Span<byte> datagram)
    {
        Core.Receive(_world.Now, from, datagram);
        Drain();
    }

    private void Drain()
    {
        if (_draining || _killed)
        {
            return; // a handler's command: the loop below is about to look again
        }
        _draining = true;
        bool moved;
        do
        {
            moved = false;
            while (Core.TryTransmit(_world.Now, _network.Outgoing, out Transmit transmit))
            {
                _network.Send(Address, transmit.Target, _network.Outgoing.AsSpan(0, transmit.Length));
            }
            while (Core.TryTakeEvent(out PeerEvent e))
            {
                Told?.Invoke(e);
                moved = true;
            }
        }
        while (moved);
        _draining = false;
        Rearm();
    }

    private void Rearm()
    {
        if (Core.NextTimeout is { } next && (_wakesAt is not { } armed || next < armed))
        {
            Instant wakesAt = next > _world.Now ? next : _world.Now;
            _wakesAt = wakesAt;
            _world.Schedule(wakesAt, () => Wake(wakesAt));
        }
    }

    private void Wake(Instant armed)
    {
        if (_killed || _wakesAt != armed)
        {
            return; // an earlier wake-up took its place
        }
        _wakesAt = null;
        Core.Timeout(_world.Now);
        Drain();
    }
}
