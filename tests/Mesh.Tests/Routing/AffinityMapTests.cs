using System;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Routing;

public sealed class AffinityMapTests
{
    private static readonly Instant _now = new(1_000_000_000);
    private readonly AffinityMap _map = new();
    private readonly PeerId[] _nodes = new RouteFixture(2).Nodes;

    [Fact]
    public void The_first_beginning_that_is_known_decides()
    {
        _map.OnPrompted(_now, 1, _nodes[0]);
        _map.OnPrompted(_now, 2, _nodes[1]);

        Assert.Equal(_nodes[1], _map.Find(_now, [3, 2, 1]));
        Assert.Equal(_nodes[0], _map.Find(_now, [1, 2]));
        Assert.Null(_map.Find(_now, [3]));
        Assert.Null(_map.Find(_now, []));
    }

    [Fact]
    public void The_node_that_got_it_last_stands()
    {
        _map.OnPrompted(_now, 1, _nodes[0]);
        _map.OnPrompted(_now, 1, _nodes[1]);

        Assert.Equal(_nodes[1], _map.Find(_now, [1]));
        Assert.Equal(1, _map.Count);
    }

    [Fact]
    public void What_is_too_old_is_not_in_a_cache_any_more()
    {
        _map.OnPrompted(_now, 1, _nodes[0]);

        Assert.NotNull(_map.Find(_now + AffinityMap.AgeMax, [1]));
        Assert.Null(_map.Find(_now + AffinityMap.AgeMax + TimeSpan.FromTicks(1), [1]));
    }

    [Fact]
    public void The_beginning_that_was_used_longest_ago_gives_way()
    {
        for (int i = 0; i < AffinityMap.EntriesMax; i++)
        {
            _map.OnPrompted(_now, (UInt128)i, _nodes[0]);
        }

        _map.OnPrompted(_now, 0, _nodes[0]);
        Assert.Equal(AffinityMap.EntriesMax, _map.Count);
        _map.OnPrompted(_now, UInt128.MaxValue, _nodes[0]);

        Assert.Equal(AffinityMap.EntriesMax, _map.Count);
        Assert.NotNull(_map.Find(_now, [0]));
        Assert.Null(_map.Find(_now, [1]));
        Assert.NotNull(_map.Find(_now, [2]));
    }
}
