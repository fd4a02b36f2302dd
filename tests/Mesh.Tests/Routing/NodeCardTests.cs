using System;
using System.Linq;
using System.Net;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Mesh.Tests.Routing;

public sealed class NodeCardTests
{
    [Fact]
    public void Cards_that_cannot_be_true_are_skipped()
    {
        DirectoryEntry shortKey = RouteFixture.Entry(1);
        shortKey.Card.PublicKey = ByteString.CopyFrom(new byte[63]);
        DirectoryEntry noNode = RouteFixture.Entry(2);
        noNode.Card.Roles = (uint)PeerRoles.Gateway;
        DirectoryEntry noCard = new();
        DirectoryEntry noContext = RouteFixture.Entry(3, contextTokens: 0);
        DirectoryEntry hugeContext = RouteFixture.Entry(4, InferenceLimits.ContextTokensMax + 1);
        DirectoryEntry noName = RouteFixture.Entry(5, model: "");
        DirectoryEntry longName = RouteFixture.Entry(6, model: new string('m', InferenceLimits.ModelCharsMax + 1));

        Assert.Empty(NodeCard.ReadAll([shortKey, noNode, noCard, noContext, hugeContext, noName, longName]));
    }

    [Fact]
    public void A_card_at_its_limits_is_taken()
    {
        string name = new('m', InferenceLimits.ModelCharsMax);

        NodeCard card = Assert.Single(NodeCard.ReadAll([RouteFixture.Entry(1, InferenceLimits.ContextTokensMax, name)]));
        Assert.Equal(InferenceLimits.ContextTokensMax, Assert.Single(card.Models).ContextTokens);
    }

    [Theory]
    [InlineData(NodeCard.ModelsMax - 1)]
    [InlineData(NodeCard.ModelsMax)]
    [InlineData(NodeCard.ModelsMax + 1)]
    public void A_node_has_a_bounded_number_of_models(int models)
    {
        DirectoryEntry entry = RouteFixture.Entry(1);
        entry.Card.Models.Clear();
        entry.Card.Models.AddRange(Enumerable.Range(0, models)
            .Select(static i => new ModelCard { Id = $"model-{i:D3}", ContextTokens = 1024 }));

        Assert.Equal(Math.Min(models, NodeCard.ModelsMax), NodeCard.ReadAll([entry])[0].Models.Length);
    }

    [Theory]
    [InlineData(NodeCard.NodesMax - 1)]
    [InlineData(NodeCard.NodesMax)]
    [InlineData(NodeCard.NodesMax + 1)]
    public void A_directory_of_any_size_is_read_up_to_its_limit(int nodes) =>
        Assert.Equal(
            Math.Min(nodes, NodeCard.NodesMax),
            NodeCard.ReadAll(Enumerable.Range(1, nodes).Select(static i => RouteFixture.Entry(i))).Length);

    [Fact]
    public void Of_two_cards_of_one_node_the_newer_epoch_stands()
    {
        NodeCard card = Assert.Single(NodeCard.ReadAll([
            RouteFixture.Entry(1, contextTokens: 10, epoch: 2), RouteFixture.Entry(1, contextTokens: 20, epoch: 3),
            RouteFixture.Entry(1, contextTokens: 30, epoch: 1)]));

        Assert.Equal(20u, card.Models[0].ContextTokens);
    }

    [Fact]
    public void Endpoints_that_name_no_host_or_port_are_skipped()
    {
        DirectoryEntry entry = RouteFixture.Entry(1);
        entry.Card.Endpoints.AddRange([
            Endpoint("127.0.0.1", 7), Endpoint("::1", 65_535), Endpoint("0.0.0.0", 7), Endpoint("127.0.0.1", 0),
            Endpoint("127.0.0.1", 65_536), new Endpoint { Address = ByteString.CopyFrom(1, 2, 3), Port = 7 }]);

        NodeCard card = Assert.Single(NodeCard.ReadAll([entry]));
        Assert.Equal(
            [new IPEndPoint(IPAddress.Loopback, 7), new IPEndPoint(IPAddress.IPv6Loopback, 65_535)],
            card.Endpoints.Select(static address => address.ToEndPoint()));
    }

    [Theory]
    [InlineData(NodeCard.EndpointsMax - 1)]
    [InlineData(NodeCard.EndpointsMax)]
    [InlineData(NodeCard.EndpointsMax + 1)]
    public void A_card_has_a_bounded_number_of_endpoints(int endpoints)
    {
        DirectoryEntry entry = RouteFixture.Entry(1);
        entry.Card.Endpoints.AddRange(Enumerable.Range(1, endpoints).Select(static i => Endpoint("10.0.0.1", (uint)i)));

        Assert.Equal(Math.Min(endpoints, NodeCard.EndpointsMax), NodeCard.ReadAll([entry])[0].Endpoints.Length);
    }

    private static Endpoint Endpoint(string address, uint port) => new()
    {
        Address = ByteString.CopyFrom(IPAddress.Parse(address).GetAddressBytes()),
        Port = port,
    };
}
