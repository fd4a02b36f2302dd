using System;
using System.Linq;
using Darkbloom.Mesh.Transport.Paths;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Paths;

public sealed class LocalConnectionIdsTests
{
    private static readonly Instant s_now = new(1_000_000_000);
    private static readonly Instant s_later = s_now + TimeSpan.FromSeconds(1);

    private readonly LocalConnectionIds _ids = new(new ConnectionId(100));

    [Fact]
    public void The_peer_is_owed_ids_up_to_its_limit_and_told_each_once()
    {
        Assert.Equal(WireLimits.ConnectionIdsMax - 1, Fill());
        for (ulong sequence = 1; sequence < WireLimits.ConnectionIdsMax; sequence++)
        {
            Assert.True(_ids.HasUntold);
            Assert.True(_ids.TryTell(out NewConnectionIdFrame frame));
            Assert.Equal(new NewConnectionIdFrame(sequence, new ConnectionId(100 + sequence)), frame);
        }
        Assert.False(_ids.HasUntold);
        Assert.False(_ids.TryTell(out _));
    }

    [Fact]
    public void What_was_lost_is_told_again_under_the_same_number()
    {
        _ = Fill();
        Assert.True(_ids.TryTell(out NewConnectionIdFrame told));
        _ids.OnLost(told.Sequence);
        Assert.True(_ids.TryTell(out NewConnectionIdFrame again));
        Assert.Equal(told, again);
    }

    [Fact]
    public void A_retired_id_finds_the_session_until_it_is_released_and_is_replaced_at_once()
    {
        _ = Fill();
        Assert.Null(_ids.OnRetired(new RetireConnectionIdFrame(0), s_later));
        Assert.True(_ids.Contains(new ConnectionId(100)));
        Assert.True(_ids.WantsAnother);
        Assert.False(_ids.TryRelease(s_now, out _));
        Assert.True(_ids.TryRelease(s_later, out ConnectionId released));
        Assert.Equal(new ConnectionId(100), released);
        Assert.False(_ids.Contains(released));
        Assert.False(_ids.TryRelease(s_later, out _));
    }

    [Fact]
    public void Retiring_twice_is_one_retirement()
    {
        _ = Fill();
        Assert.Null(_ids.OnRetired(new RetireConnectionIdFrame(1), s_later));
        Assert.Null(_ids.OnRetired(new RetireConnectionIdFrame(1), s_later + TimeSpan.FromHours(1)));
        Assert.Equal(1, Fill());
        Assert.True(_ids.TryRelease(s_later, out _));
        Assert.Null(_ids.OnRetired(new RetireConnectionIdFrame(1), s_later));
        Assert.False(_ids.WantsAnother);
    }

    [Theory]
    [InlineData(WireLimits.ConnectionIdsMax - 1, true)]
    [InlineData(WireLimits.ConnectionIdsMax, false)]
    public void Retiring_what_was_never_issued_is_a_violation(ulong sequence, bool isIssued)
    {
        _ = Fill();
        Assert.Equal(
            isIssued ? null : TransportErrorCode.ProtocolViolation, _ids.OnRetired(new RetireConnectionIdFrame(sequence), s_later)?.Code);
    }

    [Fact]
    public void A_peer_that_retires_without_end_makes_this_side_hold_no_more_than_its_limit()
    {
        for (ulong sequence = 0; sequence < 1000; sequence++)
        {
            _ = Fill();
            Assert.True(_ids.All().Count() <= LocalConnectionIds.HeldMax);
            if (sequence < LocalConnectionIds.HeldMax)
            {
                Assert.Null(_ids.OnRetired(new RetireConnectionIdFrame(sequence), s_later));
            }
        }
        Assert.Equal(LocalConnectionIds.HeldMax, _ids.All().Count());
        Assert.False(_ids.WantsAnother);
        Assert.True(_ids.TryRelease(s_later, out _));
        Assert.True(_ids.WantsAnother);
    }

    private int Fill()
    {
        int added = 0;
        while (_ids.WantsAnother)
        {
            _ids.Add(new ConnectionId(_ids.All().Max(id => id.Value) + 1));
            added++;
        }
        return added;
    }
}
