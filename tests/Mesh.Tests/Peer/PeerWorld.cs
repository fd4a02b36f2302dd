using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using Darkbloom.Mesh.Peering;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Simulations;
using Darkbloom.Simulations.Actors;
using Darkbloom.Simulations.Network;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

/// <summary>Peers of one network in virtual time, with every event they told.</summary>
internal sealed class PeerWorld : IDisposable
{
    public const string Network = "test";

    private readonly List<SimPeer> _peers = [];
    private readonly Dictionary<SimPeer, List<PeerEvent>> _told = [];

    public PeerWorld(ulong seed = 1, LinkModel? link = null)
    {
        World = new World(seed);
        Wire = new SimNetwork(World, link ?? new LinkModel());
        Tickets = new SimTickets(World.Fork(), Network);
    }

    public World World { get; }

    public SimNetwork Wire { get; }

    public SimTickets Tickets { get; }

    public UnixTime Clock => SimClock.At(World.Now);

    /// <summary>A peer without a ticket that believes the network's tickets.</summary>
    public SimPeer AddStranger(Func<MeshPeerOptions, MeshPeerOptions>? change = null)
    {
        MeshPeerOptions options = new() { Network = Network };
        SimPeer peer = new(World, Wire, AddressOf(_peers.Count), change?.Invoke(options) ?? options);
        _peers.Add(peer);
        _told.Add(peer, []);
        peer.Told = _told[peer].Add;
        _ = peer.Core.TrustTicketKey(Tickets.PublicKey);
        return peer;
    }

    /// <summary>A peer with a ticket.</summary>
    public SimPeer AddMember(Func<MeshPeerOptions, MeshPeerOptions>? change = null)
    {
        SimPeer peer = AddStranger(change);
        peer.Core.UseTicket(World.Now, Tickets.Issue(peer.Identity.PublicKey, Clock));
        return peer;
    }

    /// <summary>Each in a /24 of its own.</summary>
    public static PathAddress AddressOf(int index) =>
        PathAddress.From(new IPEndPoint(new IPAddress([10, (byte)(index >> 8), (byte)index, 1]), 4000));

    public IReadOnlyList<PeerEvent> Told(SimPeer peer) => _told[peer];

    public IEnumerable<PeerEvent> Told(SimPeer peer, PeerEventKind kind) => _told[peer].Where(e => e.Kind == kind);

    /// <summary>The session of this peer's one successful attempt.</summary>
    public MeshSession Connected(SimPeer peer) => Assert.Single(Told(peer, PeerEventKind.Connected)).Session!;

    public MeshSession Accepted(SimPeer peer) => Assert.Single(Told(peer, PeerEventKind.Accepted)).Session!;

    public ConnectFailure Failure(SimPeer peer) => Assert.Single(Told(peer, PeerEventKind.ConnectFailed)).Failure;

    public void Run(TimeSpan duration) => World.RunUntil(World.Now + duration);

    public void Run(double seconds) => Run(TimeSpan.FromSeconds(seconds));

    public CloseReason? Closed(SimPeer peer) => Told(peer, PeerEventKind.Session)
        .Where(e => e.Event.Kind == ConnectionEventKind.Closed).Select(e => e.Event.Reason).SingleOrDefault();

    public void Dispose()
    {
        foreach (SimPeer peer in _peers)
        {
            peer.Dispose();
        }
        Tickets.Dispose();
    }
}
