using System.Collections.Generic;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Simulations.Fleet;

/// <summary>A gateway: its own <see cref="RouteBook"/>, and the requests of its clients.</summary>
internal sealed class SimGateway(FleetWorld world, int actor, DispatchPolicy policy, Prng routing)
{
    private readonly RouteBook _book = new();
    private readonly SortedDictionary<int, SimRequest> _requests = [];

    public int Actor => actor;

    public RouteTable Routes => _book.Table;

    /// <summary>Requests under way.</summary>
    public int InFlight => _requests.Count;

    public void OnRequest(int id, int promptTokens)
    {
        SimRequest request = new(world, this, id, promptTokens, policy, new Prng(routing.NextUInt64()));
        _requests.Add(id, request);
        request.Start();
    }

    public void OnEnded(SimRequest request)
    {
        world.Checks.OnEnded(request.Id);
        if (_requests.Remove(request.Id))
        {
            world.OnRecord(request.ToRecord());
        }
    }

    /// <summary>The directory changed.</summary>
    public void OnDirectory(IReadOnlyList<NodeCard> cards) => _book.OnDirectory(cards);

    public void OnConnected(SimMac mac) => _book.OnConnected(mac.Card.Node, mac.Rtt);

    public void OnDisconnected(SimMac mac)
    {
        _book.OnDisconnected(mac.Card.Node);
        foreach (SimRequest request in On(mac))
        {
            request.OnNodeLost();
        }
    }

    /// <summary>The Mac doesn't answer any more.</summary>
    public void OnSilent(SimMac mac)
    {
        foreach (SimRequest request in On(mac))
        {
            request.OnSuspected(request.Attempt);
        }
    }

    public void OnLoad(SimMac mac, LoadReport report)
    {
        if (NodeLoad.TryRead(report, out NodeLoad load))
        {
            OnLoad(mac, load);
        }
    }

    public void OnLoad(SimMac mac, in NodeLoad load) => _book.OnLoad(world.Agenda.Now, mac.Card.Node, load, mac.Rtt);

    public void OnNote(in RouteNote note) => _book.OnNote(world.Agenda.Now, note);

    private List<SimRequest> On(SimMac mac)
    {
        List<SimRequest> on = [];
        foreach (SimRequest request in _requests.Values)
        {
            if (request.Node == mac)
            {
                on.Add(request);
            }
        }

        return on;
    }
}
