using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Gateway.Dispatching;

/// <summary>Chooses the nodes that a gateway keeps sessions with, when the mesh has more than it can.</summary>
/// <remarks>
/// Sessions that are up stay: streams run on them. The others are ranked by the distance of their id to the gateway's
/// own, so that each gateway has a set of its own that is as good as a random one, and the same again after a restart.
/// </remarks>
internal static class WorkingSet
{
    /// <summary>Nodes that are followed as long as there are as many.</summary>
    public const int NodesMax = 64;

    /// <summary>Of each model, this many nodes are followed even if the set is full, so that no rare model is crowded out.</summary>
    public const int NodesPerModelMin = 4;

    /// <summary>What rare models can bring the set to.</summary>
    public const int NodesHardMax = 2 * NodesMax;

    /// <param name="nodes">Each node once.</param>
    /// <returns>The chosen nodes, sorted by id.</returns>
    public static List<NodeCard> Choose(PeerId self, IReadOnlyCollection<NodeCard> nodes, IReadOnlySet<PeerId> connected)
    {
        SortedDictionary<PeerId, NodeCard> chosen = [];
        Dictionary<string, int> perModel = new(StringComparer.Ordinal);
        List<NodeCard> ranked = [.. nodes.OrderBy(card => !connected.Contains(card.Node)).ThenBy(card => Distance(self, card.Node))];
        foreach (NodeCard card in ranked)
        {
            bool isRare = card.Models.Any(model => perModel.GetValueOrDefault(model.Id) < NodesPerModelMin);
            if (chosen.Count >= NodesHardMax || (chosen.Count >= NodesMax && !isRare))
            {
                continue;
            }

            chosen[card.Node] = card;
            foreach (NodeModel model in card.Models)
            {
                perModel[model.Id] = perModel.GetValueOrDefault(model.Id) + 1;
            }
        }

        return [.. chosen.Values];
    }

    private static UInt256 Distance(PeerId left, PeerId right) =>
        new(left.Value.High ^ right.Value.High, left.Value.Low ^ right.Value.Low);
}
