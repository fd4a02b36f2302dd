using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Diagnostics;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Routing;

/// <summary>Keeps what this peer knows of the nodes and publishes it as a <see cref="RouteTable"/> after every change.</summary>
/// <remarks>
/// Inputs are <c>On*</c>; the one output is <see cref="Table"/>. One owner: whoever drives it serialises the inputs.
/// Node ids that the directory doesn't list are ignored, so a late note about a node that left does no harm.
/// </remarks>
public sealed class RouteBook
{
    /// <summary>Models that are remembered after their last node left.</summary>
    public const int ModelsMax = 1024;

    /// <summary>Slots of one node that are taken note of as kept for this peer.</summary>
    public const int LeasesPerNodeMax = 64;

    /// <summary>The first rest of a node that failed; it doubles with each failure in a row.</summary>
    public static readonly TimeSpan RestMin = TimeSpan.FromSeconds(2);

    public static readonly TimeSpan RestMax = TimeSpan.FromSeconds(60);

    private readonly SortedDictionary<PeerId, RouteBookNode> _nodes = [];
    private readonly RetryBudget _retries = new();

    /// <summary>A model whose nodes all left is out of reach, which is not the same as unknown.</summary>
    private readonly SortedSet<string> _modelsSeen = new(StringComparer.Ordinal);

    public RouteBook() => Table = RouteTable.Build(0, [], [], _retries.Left);

    /// <summary>The routes after the last input.</summary>
    public RouteTable Table { get; private set; }

    /// <summary>Takes over the nodes to route to: others are forgotten, these keep what is known of them.</summary>
    public void OnDirectory(IReadOnlyList<NodeCard> cards)
    {
        ArgumentNullException.ThrowIfNull(cards);
        SortedDictionary<PeerId, NodeCard> listed = [];
        foreach (NodeCard card in cards)
        {
            listed[card.Node] = card;
            foreach (NodeModel model in card.Models)
            {
                _ = _modelsSeen.Count < ModelsMax && _modelsSeen.Add(model.Id);
            }
        }

        List<PeerId> gone = [];
        foreach (PeerId node in _nodes.Keys)
        {
            if (!listed.ContainsKey(node))
            {
                gone.Add(node);
            }
        }

        gone.ForEach(node => _nodes.Remove(node));
        foreach (NodeCard card in listed.Values)
        {
            if (_nodes.TryGetValue(card.Node, out RouteBookNode? known))
            {
                known.OnCard(card);
            }
            else
            {
                _nodes[card.Node] = new RouteBookNode(card);
            }
        }

        Rebuild();
        AssertInvariants();
    }

    /// <summary>A session with the node is up.</summary>
    public void OnConnected(PeerId node, TimeSpan smoothedRtt) => Change(node, known => known.OnConnected(smoothedRtt));

    /// <summary>The session with the node is over.</summary>
    public void OnDisconnected(PeerId node) => Change(node, known => known.OnDisconnected());

    /// <summary>The node reported its load; a report that is older than the last one of the session is ignored.</summary>
    public void OnLoad(Instant now, PeerId node, in NodeLoad load, TimeSpan smoothedRtt)
    {
        NodeLoad reported = load;
        Change(node, known => known.OnLoad(now, reported, smoothedRtt));
    }

    /// <summary>The node keeps a slot for this peer; one that it named before, or that is too short to be spent, is ignored.</summary>
    public void OnLease(Instant now, PeerId node, in NodeLease lease)
    {
        NodeLease leased = lease;
        Change(node, known => known.OnLease(now, leased));
    }

    /// <summary>The leases that an offer to the node spends, one for each choice as far as there are some; nobody else gets them.</summary>
    public ImmutableArray<ulong> TakeLeases(Instant now, PeerId node, int choices)
    {
        ImmutableArray<ulong> taken = [];
        if (_nodes.TryGetValue(node, out RouteBookNode? known) && known.HoldsLeases)
        {
            Change(node, known => taken = known.TakeLeases(now, choices));
        }

        return taken;
    }

    /// <summary>No session with the node came about; it is left alone for longer each time.</summary>
    public void OnUnreachable(Instant now, PeerId node) => Change(node, known => known.OnUnreachable(now));

    /// <summary>A request asked a node, or is done with it.</summary>
    public void OnNote(Instant now, in RouteNote note)
    {
        RouteNote noted = note;
        switch (note.Kind)
        {
            case RouteNoteKind.Asked: _retries.OnRequest(); break;
            case RouteNoteKind.Retried: _retries.OnRetry(); break;
        }

        Change(note.Node, known => known.OnNote(now, noted));
        Table = Table.WithRetriesLeft(_retries.Left);
        AssertInvariants();
    }

    private void Change(PeerId node, Action<RouteBookNode> change)
    {
        if (!_nodes.TryGetValue(node, out RouteBookNode? known))
        {
            return;
        }

        change(known);
        foreach (NodeModel model in known.Models)
        {
            Table = Table.With(known.RouteOf(model));
        }
    }

    private void Rebuild()
    {
        List<Route> routes = [];
        foreach (RouteBookNode node in _nodes.Values)
        {
            foreach (NodeModel model in node.Models)
            {
                routes.Add(node.RouteOf(model));
            }
        }

        Table = RouteTable.Build(Table.Version + 1, _modelsSeen, routes, _retries.Left);
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        int routes = 0;
        foreach (ModelRoutes model in Table.Models)
        {
            routes += model.Routes.Length;
            for (int i = 1; i < model.Routes.Length; i++)
            {
                Debug.Assert(model.Routes[i - 1].Node < model.Routes[i].Node, "routes are sorted and name a node once");
            }
        }

        foreach (RouteBookNode node in _nodes.Values)
        {
            routes -= node.Models.Length;
            Debug.Assert(node.InFlight >= 0, "an attempt ends once");
        }

        Debug.Assert(routes == 0, "the table holds exactly the routes of the known nodes");
    }
}
