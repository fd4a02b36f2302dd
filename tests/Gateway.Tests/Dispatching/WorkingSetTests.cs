using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Identity;
using Xunit;

namespace Darkbloom.Gateway.Tests.Dispatching;

public sealed class WorkingSetTests
{
    private static readonly PeerId _self = Id(0);

    [Theory]
    [InlineData(WorkingSet.NodesMax - 1)]
    [InlineData(WorkingSet.NodesMax)]
    [InlineData(WorkingSet.NodesMax + 1)]
    [InlineData(10 * WorkingSet.NodesMax)]
    public void No_more_nodes_are_followed_than_the_limit(int nodes) =>
        Assert.Equal(
            Math.Min(nodes, WorkingSet.NodesMax), WorkingSet.Choose(_self, [.. Cards(nodes, "tiny")], Nobody).Count);

    [Fact]
    public void A_rare_model_is_followed_even_if_the_set_is_full()
    {
        NodeCard[] cards = [.. Cards(500, "tiny"), .. Cards(6, "rare", first: 1000)];

        Assert.Equal(
            WorkingSet.NodesPerModelMin,
            WorkingSet.Choose(_self, cards, Nobody).Count(static card => card.Models[0].Id == "rare"));
    }

    [Fact]
    public void Many_rare_models_do_not_make_the_set_boundless()
    {
        NodeCard[] cards = [.. Enumerable.Range(1, 500).SelectMany(static i => Cards(1, $"model {i}", first: i))];

        Assert.Equal(WorkingSet.NodesHardMax, WorkingSet.Choose(_self, cards, Nobody).Count);
    }

    [Fact]
    public void Nodes_with_sessions_stay_and_two_gateways_choose_differently()
    {
        NodeCard[] cards = [.. Cards(500, "tiny")];
        SortedSet<PeerId> connected = [.. cards[400..450].Select(static card => card.Node)];
        List<NodeCard> chosen = WorkingSet.Choose(_self, cards, connected);

        Assert.Superset(connected, chosen.Select(static card => card.Node).ToHashSet());
        Assert.Equal(chosen.OrderBy(static card => card.Node), chosen);
        Assert.NotEqual(
            WorkingSet.Choose(_self, cards, Nobody).Select(static card => card.Node),
            WorkingSet.Choose(Id(99), cards, Nobody).Select(static card => card.Node));
    }

    private static SortedSet<PeerId> Nobody => [];

    private static IEnumerable<NodeCard> Cards(int count, string model, int first = 1) =>
        Enumerable.Range(first, count).Select(i => new NodeCard(Id(i), default, 1, [new NodeModel(model, 100, ModelCapabilities.Chat, "")], []));

    private static PeerId Id(int seed) =>
        PeerId.Of(new PublicKey(new UInt256(0, (UInt128)seed), new UInt256(0, 0)));
}
