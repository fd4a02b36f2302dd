using System;
using System.Collections.Generic;
using Darkbloom.Mesh.Transport.Paths;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Paths;

public sealed class PathValidatorTests
{
    private const int ProbeBytes = 38;

    private static readonly PathAddress s_home = new(1, 1);
    private static readonly PathAddress s_away = new(2, 2);
    private static readonly PathAddress s_third = new(3, 3);
    private static readonly TimeSpan s_timeout = TimeSpan.FromMilliseconds(100);

    private readonly PathValidator _path = new(s_home, new SecretSequence(new byte[32]));
    private Instant _now = new(1_000_000_000);

    [Fact]
    public void The_answer_from_elsewhere_moves_the_path()
    {
        Assert.Equal(PathNews.Candidate, Receive(s_away));
        Assert.Equal((PathState.Validating, s_home), (_path.State, _path.Active));
        PathProbe probe = TakeChallenge(s_away);
        _now += s_timeout / 2;
        Assert.True(_path.TryComplete(_now, probe.Data, out TimeSpan? roundTrip));
        Assert.Equal(s_timeout / 2, roundTrip);
        Assert.Equal((PathState.Settled, s_away), (_path.State, _path.Active));
        Assert.Null(_path.Deadline);
    }

    [Fact]
    public void Both_addresses_are_challenged_and_each_in_its_own_words()
    {
        _ = Receive(s_away);
        Assert.True(TryTake(out PathProbe home));
        Assert.True(TryTake(out PathProbe away));
        Assert.False(TryTake(out _));
        Assert.Equal((s_home, s_away), (home.Target, away.Target));
        Assert.NotEqual(home.Data, away.Data);
        Assert.False(_path.TryComplete(_now, home.Data, out _));
    }

    [Fact]
    public void A_straggler_from_elsewhere_means_nothing()
    {
        Assert.Equal(PathNews.None, _path.OnReceived(s_away, 1200, isNewest: false));
        Assert.Equal(PathState.Settled, _path.State);
    }

    [Fact]
    public void A_third_address_gets_a_challenge_of_its_own()
    {
        _ = Receive(s_away);
        PathProbe first = TakeChallenge(s_away);
        Assert.Equal(PathNews.Candidate, Receive(s_third));
        PathProbe second = TakeChallenge(s_third);
        Assert.NotEqual(first.Data, second.Data);
        Assert.False(_path.TryComplete(_now, first.Data, out _));
        Assert.True(_path.TryComplete(_now, second.Data, out _));
        Assert.Equal(s_third, _path.Active);
    }

    [Fact]
    public void A_packet_from_home_settles_it()
    {
        _ = Receive(s_away);
        PathProbe probe = TakeChallenge(s_away);
        Assert.Equal(PathNews.Dropped, Receive(s_home));
        Assert.Equal(PathState.Settled, _path.State);
        Assert.False(_path.TryComplete(_now, probe.Data, out _));
        Assert.Equal(s_home, _path.Active);
    }

    [Fact]
    public void Three_challenges_without_an_answer_settle_it_at_home()
    {
        _ = Receive(s_away);
        HashSet<ulong> data = [];
        for (int i = 0; i < PathValidator.ChallengesMax; i++)
        {
            _ = data.Add(TakeChallenge(s_away).Data);
            Assert.Equal(PathState.Validating, _path.State);
            _now = _path.Deadline!.Value;
            Assert.Equal(i == PathValidator.ChallengesMax - 1, _path.OnTimeout(_now));
        }
        Assert.Single(data);
        Assert.Equal((PathState.Settled, s_home), (_path.State, _path.Active));
        Assert.False(TryTake(out _));
    }

    [Fact]
    public void The_answer_to_a_repeated_challenge_measures_nothing()
    {
        _ = Receive(s_away);
        _ = TakeChallenge(s_away);
        _now = _path.Deadline!.Value;
        _ = _path.OnTimeout(_now);
        Assert.True(_path.TryComplete(_now, TakeChallenge(s_away).Data, out TimeSpan? roundTrip));
        Assert.Null(roundTrip);
    }

    [Theory]
    [InlineData((ProbeBytes / PathValidator.AmplificationMax) - 1, false)] // 11 bytes allow 33
    [InlineData((ProbeBytes / PathValidator.AmplificationMax), false)] // 36
    [InlineData((ProbeBytes / PathValidator.AmplificationMax) + 1, true)] // 39
    public void A_challenge_goes_out_only_within_three_times_what_came(int received, bool goesOut)
    {
        _ = _path.OnReceived(s_away, received, isNewest: true);
        Assert.True(TryTake(out PathProbe home));
        Assert.Equal(s_home, home.Target);
        Assert.Equal(goesOut, TryTake(out _));
    }

    [Fact]
    public void Each_address_under_test_has_an_account_of_its_own()
    {
        _ = _path.OnReceived(s_away, 10_000, isNewest: true);
        _ = TakeChallenge(s_away);
        _ = _path.OnReceived(s_third, 1, isNewest: true);
        Assert.True(TryTake(out PathProbe home));
        Assert.Equal(s_home, home.Target);
        Assert.False(TryTake(out _));
        _ = _path.OnReceived(s_third, 12, isNewest: false); // 13 bytes in all
        Assert.True(TryTake(out PathProbe third));
        Assert.Equal(s_third, third.Target);
    }

    [Fact]
    public void Answers_count_towards_what_an_address_under_test_may_get()
    {
        _ = _path.OnReceived(s_away, ProbeBytes, isNewest: true); // allows three
        for (ulong i = 0; i < 3; i++)
        {
            _path.OnChallenge(s_away, i);
        }
        for (ulong i = 0; i < 3; i++)
        {
            Assert.True(TryTake(out PathProbe answer));
            Assert.Equal(new PathProbe(s_away, i, IsChallenge: false), answer);
        }
        Assert.True(TryTake(out PathProbe home));
        Assert.Equal(s_home, home.Target);
        Assert.False(TryTake(out _));
    }

    [Theory]
    [InlineData(PathValidator.ResponsesMax - 1, PathValidator.ResponsesMax - 1)]
    [InlineData(PathValidator.ResponsesMax, PathValidator.ResponsesMax)]
    [InlineData(PathValidator.ResponsesMax + 1, PathValidator.ResponsesMax)]
    public void Waiting_answers_are_limited(int asked, int answered)
    {
        for (int i = 0; i < asked; i++)
        {
            _path.OnChallenge(s_home, (ulong)i);
        }
        int taken = 0;
        while (TryTake(out _))
        {
            taken++;
        }
        Assert.Equal(answered, taken);
    }

    [Fact]
    public void A_challenge_can_not_be_guessed_from_another_connection()
    {
        byte[] key = new byte[32];
        key[0] = 1;
        PathValidator other = new(s_home, new SecretSequence(key));
        _ = other.OnReceived(s_away, 1200, isNewest: true);
        Assert.True(other.TryTake(_now, s_timeout, ProbeBytes, out PathProbe theirs));
        _ = Receive(s_away);
        Assert.True(TryTake(out PathProbe ours));
        Assert.NotEqual(theirs.Data, ours.Data);
    }

    private PathNews Receive(PathAddress from) => _path.OnReceived(from, 1200, isNewest: true);

    private bool TryTake(out PathProbe probe) => _path.TryTake(_now, s_timeout, ProbeBytes, out probe);

    /// <summary>Takes probes up to the challenge of this address.</summary>
    private PathProbe TakeChallenge(PathAddress target)
    {
        PathProbe probe;
        do
        {
            Assert.True(TryTake(out probe));
        }
        while (probe.Target != target);
        Assert.True(probe.IsChallenge);
        return probe;
    }
}
