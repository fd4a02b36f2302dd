using System;
using System.Collections.Generic;
using System.Net;
using Darkbloom.Mesh.Peering;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Simulations.Actors;
using Darkbloom.Simulations.Network;

namespace Darkbloom.Simulations.Scenarios;

/// <summary>Peers join a random graph, and over each edge one sends bytes that the other returns.</summary>
/// <remarks>Everything but the network is production code, cryptography included.</remarks>
public sealed class GraphExchange : IDisposable
{
    private const string NetworkName = "graph";
    private const int Port = 4000;

    private readonly SimTickets _tickets;
    private readonly List<SimPeer> _peers = [];
    private readonly List<Exchange> _exchanges = [];

    public GraphExchange(ulong seed, GraphExchangePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        World = new World(seed);
        Wire = new SimNetwork(World, plan.Link);
        _tickets = new SimTickets(World.Fork(), NetworkName);
        for (int i = 0; i < plan.Peers; i++)
        {
            Join(i, plan);
        }
        Prng choice = World.Fork();
        for (int i = 0; i < plan.Peers; i++)
        {
            for (int edge = 0; edge < plan.EdgesPerPeer; edge++)
            {
                Plan(_peers[i], _peers[(i + 1 + choice.Next(plan.Peers - 1)) % plan.Peers], plan, choice);
            }
        }
    }

    public World World { get; }

    public SimNetwork Wire { get; }

    public int Exchanges => _exchanges.Count;

    /// <summary>Exchanges whose bytes came back unchanged and in full.</summary>
    public int Succeeded => _exchanges.FindAll(exchange => exchange.IsComplete).Count;

    public int Failed => _exchanges.FindAll(exchange => exchange.HasFailed).Count;

    /// <summary>Why the first exchange that failed did; empty when none did.</summary>
    public string FirstFailure => _exchanges.Find(exchange => exchange.HasFailed)?.Failure ?? "";

    /// <summary>Runs until every exchange has succeeded or failed; false when time was too short for that.</summary>
    public bool Run(TimeSpan limit) =>
        World.RunUntil(() => Succeeded + Failed == Exchanges, World.Now + limit);

    public void Dispose()
    {
        foreach (SimPeer peer in _peers)
        {
            peer.Dispose();
        }
        _tickets.Dispose();
    }

    private void Join(int index, GraphExchangePlan plan)
    {
        IPAddress address = new([10, (byte)(index >> 8), (byte)index, 1]);
        MeshPeerOptions options = new() { Network = NetworkName, Limits = plan.Handshakes };
        SimPeer peer = new(World, Wire, PathAddress.From(new IPEndPoint(address, Port)), options);
        peer.Core.UseTicket(World.Now, _tickets.Issue(peer.Identity.PublicKey, SimClock.At(World.Now)));
        _ = peer.Core.TrustTicketKey(_tickets.PublicKey);
        EchoActor echo = new(peer);
        peer.Told = e =>
        {
            echo.OnEvent(e);
            foreach (Exchange exchange in _exchanges)
            {
                exchange.OnEvent(peer, e);
            }
        };
        _peers.Add(peer);
    }

    private void Plan(SimPeer from, SimPeer to, GraphExchangePlan plan, Prng choice)
    {
        int bytes = 1 + choice.Next(plan.BytesMax);
        Exchange exchange = new(World, from, bytes, pattern: choice.NextUInt64());
        _exchanges.Add(exchange);
        TimeSpan start = TimeSpan.FromTicks((long)(choice.NextUInt64() % (ulong)plan.StartWithin.Ticks));
        World.Schedule(World.Now + start, () => exchange.Begin(to));
    }
}
