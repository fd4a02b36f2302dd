using System;
using System.Collections.Generic;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

public sealed class PathValidatorTests
{
    private static readonly PathAddress s_home = new(1, 1);
    private static readonly PathAddress s_away = new(2, 2);
    private static readonly PathAddress s_third = new(3, 3);
    private static readonly TimeSpan s_timeout = TimeSpan.FromMilliseconds(100);

    private readonly PathValidator _path = new(s_home, new byte[32]);
    private Instant _now = new(1_000_000_000);

    [Fact]
    public void The_answer_from_elsewhere_moves_the_path()
    {
        _path.OnReceived(s_away, isNewest: true);
        Assert.Equal((PathState.Validating, s_home), (_path.State, _path.Active));
        PathProbe probe = Take();
        Assert.Equal((s_away, true), (probe.Target, probe.IsChallenge));
        Assert.True(_path.TryComplete(probe.Data));
        Assert.Equal((PathState.Settled, s_away), (_path.State, _path.Active));
        Assert.Null(_path.Deadline);
    }

    [Fact]
    public void A_straggler_from_elsewhere_means_nothing()
    {
        _path.OnReceived(s_away, isNewest: false);
        Assert.Equal(PathState.Settled, _path.State);
    }

    [Fact]
    public void A_third_address_gets_a_challenge_of_its_own()
    {
        _path.OnReceived(s_away, isNewest: true);
        PathProbe first = Take();
        _path.OnReceived(s_third, isNewest: true);
        PathProbe second = Take();
        Assert.Equal(s_third, second.Target);
        Assert.NotEqual(first.Data, second.Data);
        Assert.False(_path.TryComplete(first.Data));
        Assert.True(_path.TryComplete(second.Data));
        Assert.Equal(s_third, _path.Active);
    }

    [Fact]
    public void A_packet_from_home_settles_it()
    {
        _path.OnReceived(s_away, isNewest: true);
        PathProbe probe = Take();
        _path.OnReceived(s_home, isNewest: true);
        Assert.Equal(PathState.Settled, _path.State);
        Assert.False(_path.TryComplete(probe.Data));
        Assert.Equal(s_home, _path.Active);
    }

    [Fact]
    public void Three_challenges_without_an_answer_settle_it_at_home()
    {
        _path.OnReceived(s_away, isNewest: true);
        HashSet<ulong> data = [];
        for (int i = 0; i < PathValidator.ChallengesMax; i++)
        {
            _ = data.Add(Take().Data);
            Assert.Equal(PathState.Validating, _path.State);
            _now = _path.Deadline!.Value;
            _path.OnTimeout(_now);
        }
        Assert.Single(data);
        Assert.Equal((PathState.Settled, s_home), (_path.State, _path.Active));
        Assert.False(_path.TryTake(_now, s_timeout, out _));
    }

    [Fact]
    public void A_challenge_can_not_be_guessed_from_another_connection()
    {
        byte[] key = new byte[32];
        key[0] = 1;
        PathValidator other = new(s_home, key);
        other.OnReceived(s_away, isNewest: true);
        Assert.True(other.TryTake(_now, s_timeout, out PathProbe theirs));
        _path.OnReceived(s_away, isNewest: true);
        Assert.NotEqual(theirs.Data, Take().Data);
    }

    private PathProbe Take()
    {
        Assert.True(_path.TryTake(_now, s_timeout, out PathProbe probe));
        return probe;
    }
}
