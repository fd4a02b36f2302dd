using System.Collections.Generic;
using Darkbloom.Mesh.Transport.Paths;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Paths;

public sealed class RemoteConnectionIdsTests
{
    private readonly RemoteConnectionIds _ids = new(new ConnectionId(100));

    [Fact]
    public void Without_a_spare_id_the_old_one_goes_on()
    {
        Assert.False(_ids.TryRenew());
        Assert.False(_ids.BeginCandidate(isDeliberate: true));
        Assert.False(_ids.Adopt());
        Assert.Equal(new ConnectionId(100), _ids.Active);
        Assert.False(_ids.HasUntold);
    }

    [Fact]
    public void Another_path_takes_the_next_id_and_retires_the_one_before()
    {
        Issue(2);
        Issue(1);
        Assert.True(_ids.TryRenew());
        Assert.Equal(new ConnectionId(101), _ids.Active);
        Assert.True(_ids.TryTell(out RetireConnectionIdFrame retired));
        Assert.Equal(0UL, retired.Sequence);
        Assert.False(_ids.HasUntold);
    }

    [Fact]
    public void A_path_under_test_has_an_id_of_its_own_and_loses_it_when_it_is_given_up()
    {
        Issue(1);
        Issue(2);
        Assert.True(_ids.BeginCandidate(isDeliberate: true));
        Assert.Equal((new ConnectionId(100), new ConnectionId(101)), (_ids.Active, _ids.Candidate));
        _ids.DropCandidate();
        Assert.Equal((new ConnectionId(100), new ConnectionId(100)), (_ids.Active, _ids.Candidate));
        Assert.True(_ids.TryTell(out RetireConnectionIdFrame retired));
        Assert.Equal(1UL, retired.Sequence);
        Assert.True(_ids.BeginCandidate(isDeliberate: true));
        Assert.True(_ids.Adopt());
        Assert.Equal((new ConnectionId(102), new ConnectionId(102)), (_ids.Active, _ids.Candidate));
    }

    [Fact]
    public void A_rebinding_costs_no_id()
    {
        Issue(1);
        Assert.False(_ids.BeginCandidate(isDeliberate: false));
        Assert.False(_ids.Adopt());
        Assert.Equal(new ConnectionId(100), _ids.Active);
    }

    [Fact]
    public void Repetitions_are_ignored_and_contradictions_refused()
    {
        Issue(1);
        Assert.Null(_ids.OnNew(new NewConnectionIdFrame(1, new ConnectionId(101))));
        Assert.Equal(TransportErrorCode.ProtocolViolation, _ids.OnNew(new NewConnectionIdFrame(1, new ConnectionId(5)))?.Code);
        Assert.Equal(TransportErrorCode.ProtocolViolation, _ids.OnNew(new NewConnectionIdFrame(2, new ConnectionId(101)))?.Code);
        Assert.True(_ids.TryRenew());
        Assert.Null(_ids.OnNew(new NewConnectionIdFrame(0, new ConnectionId(100))));
    }

    [Theory]
    [InlineData(WireLimits.ConnectionIdsMax - 2, null)]
    [InlineData(WireLimits.ConnectionIdsMax - 1, null)]
    [InlineData(WireLimits.ConnectionIdsMax, TransportErrorCode.ConnectionIdLimit)]
    public void No_more_ids_are_held_than_the_limit(ulong sequence, TransportErrorCode? expected) =>
        Assert.Equal(expected, _ids.OnNew(new NewConnectionIdFrame(sequence, new ConnectionId(7)))?.Code);

    [Fact]
    public void A_retirement_makes_room_for_one_more()
    {
        Issue(1);
        Issue(2);
        Issue(3);
        Assert.True(_ids.TryRenew());
        Issue(4);
        Assert.Equal(TransportErrorCode.ConnectionIdLimit, _ids.OnNew(new NewConnectionIdFrame(5, new ConnectionId(105)))?.Code);
    }

    [Fact]
    public void Lost_retirements_are_told_again()
    {
        Issue(1);
        _ = _ids.TryRenew();
        Assert.True(_ids.TryTell(out RetireConnectionIdFrame retired));
        _ids.OnLost(retired.Sequence);
        Assert.True(_ids.TryTell(out RetireConnectionIdFrame again));
        Assert.Equal(retired, again);
        _ids.OnAcknowledged(retired.Sequence);
        _ids.OnLost(retired.Sequence);
        Assert.False(_ids.HasUntold);
    }

    [Theory]
    [InlineData(WireLimits.ConnectionIdsMax - 1, true)]
    [InlineData(WireLimits.ConnectionIdsMax, false)]
    [InlineData(WireLimits.ConnectionIdsMax + 1, false)]
    public void A_peer_that_acknowledges_no_retirement_gets_no_further_ones(int moves, bool isRenewed)
    {
        for (ulong i = 0; i < (ulong)moves && i < WireLimits.ConnectionIdsMax; i++)
        {
            Issue(i + 1);
            Assert.True(_ids.TryRenew());
        }
        Issue(50, (ulong)moves + 1);
        Assert.Equal(isRenewed, _ids.TryRenew());
        _ids.OnAcknowledged(0);
        Assert.True(isRenewed || _ids.TryRenew());
    }

    [Fact]
    public void Whatever_comes_the_ids_stay_bounded_and_the_active_one_is_held()
    {
        for (ulong seed = 1; seed <= 500; seed++)
        {
            Prng prng = new(seed);
            RemoteConnectionIds ids = new(new ConnectionId(0));
            Queue<ulong> sent = new();
            for (int step = 0; step < 200; step++)
            {
                switch (prng.Next(7))
                {
                    case 0:
                        _ = ids.TryRenew();
                        break;
                    case 1:
                        _ = ids.BeginCandidate(prng.Next(2) == 0);
                        break;
                    case 2:
                        _ = ids.Adopt();
                        break;
                    case 3:
                        ids.DropCandidate();
                        break;
                    case 4 when ids.TryTell(out RetireConnectionIdFrame told):
                        sent.Enqueue(told.Sequence);
                        break;
                    case 5 when sent.TryDequeue(out ulong sequence):
                        if (prng.Next(2) == 0)
                        {
                            ids.OnLost(sequence);
                        }
                        else
                        {
                            ids.OnAcknowledged(sequence);
                        }
                        break;
                    default:
                        ulong number = (ulong)prng.Next(40);
                        _ = ids.OnNew(new NewConnectionIdFrame(number, new ConnectionId(number)));
                        break;
                }
                _ = ids.Active; // its invariants are asserted by each step
                _ = ids.Candidate;
            }
        }
    }

    private void Issue(ulong sequence) => Issue(sequence, sequence);

    private void Issue(ulong id, ulong sequence) =>
        Assert.Null(_ids.OnNew(new NewConnectionIdFrame(sequence, new ConnectionId(100 + id))));
}
