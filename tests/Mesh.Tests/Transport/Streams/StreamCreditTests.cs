using Darkbloom.Mesh.Transport.Streams;
using Darkbloom.Protocol.Frames;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Streams;

/// <summary>RFC 9000 section 4.6, for each kind of stream alike.</summary>
public sealed class StreamCreditTests
{
    [Theory]
    [InlineData(true, true, 0UL, 4UL)]
    [InlineData(true, false, 1UL, 5UL)]
    [InlineData(false, true, 2UL, 6UL)]
    [InlineData(false, false, 3UL, 7UL)]
    public void Streams_are_opened_up_to_the_limit_and_not_beyond(bool isBidirectional, bool isInitiator, ulong first, ulong second)
    {
        StreamCredit credit = new(isBidirectional, isInitiator, allowedHere: 2, allowedPeer: 0);
        Assert.True(credit.TryOpen(out StreamId id));
        Assert.Equal(first, id.Value);
        Assert.True(credit.TryOpen(out id));
        Assert.Equal(second, id.Value);
        Assert.False(credit.TryOpen(out _));
        Assert.True(credit.IsBlockedPending);
        Assert.Equal(new StreamsBlockedFrame(isBidirectional, 2), credit.TakeBlocked());
    }

    [Fact]
    public void Being_blocked_is_said_once_until_it_is_lost()
    {
        StreamCredit credit = new(true, true, 0, 0);
        Assert.False(credit.TryOpen(out _));
        _ = credit.TakeBlocked();
        Assert.False(credit.TryOpen(out _));
        Assert.False(credit.IsBlockedPending);
        credit.OnBlockedLost();
        Assert.True(credit.IsBlockedPending);
    }

    [Fact]
    public void Only_a_higher_limit_that_somebody_waits_for_is_told()
    {
        StreamCredit credit = new(true, true, 1, 0);
        Assert.False(credit.TryRaise(2));
        _ = credit.TryOpen(out _);
        _ = credit.TryOpen(out _);
        Assert.False(credit.TryOpen(out _));
        Assert.False(credit.TryRaise(2));
        Assert.True(credit.TryRaise(3));
        Assert.False(credit.TryRaise(4));
        credit.OnBlockedLost();
        Assert.True(credit.TryOpen(out _));
    }

    [Fact]
    public void Each_stream_of_the_peer_that_closes_makes_room_for_another()
    {
        StreamCredit credit = new(false, true, 0, 1);
        Assert.Equal(new StreamId(3), credit.OpenByPeer());
        credit.OnClosedByPeer();
        Assert.True(credit.IsLimitPending);
        Assert.Equal(new MaxStreamsFrame(false, 2), credit.TakeLimit());
        Assert.False(credit.IsLimitPending);
        credit.OnLimitLost(1);
        Assert.False(credit.IsLimitPending);
        credit.OnLimitLost(2);
        Assert.True(credit.IsLimitPending);
        _ = credit.TakeLimit();
        credit.OnBlocked(2);
        Assert.False(credit.IsLimitPending);
        credit.OnBlocked(1);
        Assert.True(credit.IsLimitPending);
    }
}
