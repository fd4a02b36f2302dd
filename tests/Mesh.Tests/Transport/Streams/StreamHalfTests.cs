using Darkbloom.Mesh.Transport.Streams;
using Darkbloom.Protocol.Frames;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Streams;

/// <summary>Each arrow of the two tables of RFC 9000 section 3.</summary>
public sealed class StreamHalfTests
{
    private readonly StreamSender _sender = new(1000);
    private readonly StreamReceiver _receiver = new(1000, 1000);

    [Fact]
    public void Sender_finishes_when_bytes_and_end_are_acknowledged()
    {
        _sender.Write([1, 2, 3]);
        Assert.True(_sender.TryTake(100, 100, out _, out int length, out bool isFinal, out _));
        Assert.Equal((3, false), (length, isFinal));
        _sender.Complete();
        Assert.Equal(SenderState.Completing, _sender.State);
        Assert.True(_sender.TryTake(100, 100, out ulong offset, out length, out isFinal, out _));
        Assert.Equal((3UL, 0, true), (offset, length, isFinal));
        _sender.OnAcknowledged(3, 0, isFinal: true);
        Assert.Equal(SenderState.Completing, _sender.State);
        _sender.OnAcknowledged(0, 3, isFinal: false);
        Assert.Equal(SenderState.Finished, _sender.State);
        Assert.False(_sender.TryReset(1));
    }

    [Fact]
    public void A_lost_end_is_sent_again_until_it_is_acknowledged()
    {
        _sender.Complete();
        Assert.True(_sender.TryTake(100, 100, out _, out _, out bool isFinal, out _));
        Assert.True(isFinal);
        Assert.False(_sender.HasUrgent);
        _sender.OnLost(0, 0, isFinal: true);
        Assert.True(_sender.HasUrgent);
        _sender.OnAcknowledged(0, 0, isFinal: true);
        Assert.Equal(SenderState.Finished, _sender.State);
        _sender.OnLost(0, 0, isFinal: true);
        Assert.False(_sender.HasUrgent);
    }

    [Fact]
    public void A_reset_sender_counts_what_it_sent_and_sends_no_more()
    {
        _sender.Write(new byte[50]);
        _ = _sender.TryTake(20, 100, out _, out _, out _, out _);
        Assert.True(_sender.TryReset(9));
        Assert.Equal((SenderState.Resetting, 20UL, 9UL), (_sender.State, _sender.FinalSize, _sender.ResetCode));
        Assert.False(_sender.HasNew || _sender.HasUrgent || _sender.IsBlocked);
        Assert.False(_sender.TryReset(8));
        _sender.OnLost(0, 20, isFinal: false);
        _sender.OnAcknowledged(0, 20, isFinal: false);
        Assert.Equal(SenderState.Resetting, _sender.State);
        _sender.OnResetAcknowledged();
        Assert.True(_sender.IsTerminal);
    }

    [Fact]
    public void Receiver_finishes_when_read_to_the_end()
    {
        Assert.True(_receiver.TryAccept(2, [3], isFinal: true));
        Assert.Equal(ReceiverState.SizeKnown, _receiver.State);
        Assert.Equal(0, _receiver.Read(new byte[10]));
        Assert.True(_receiver.TryAccept(0, [1, 2], isFinal: false));
        Assert.Equal(2, _receiver.Read(new byte[2]));
        Assert.Equal(ReceiverState.SizeKnown, _receiver.State);
        Assert.Equal(1, _receiver.Read(new byte[10]));
        Assert.Equal(ReceiverState.Finished, _receiver.State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_reset_drops_what_was_not_read(bool sizeKnown)
    {
        _ = _receiver.TryAccept(0, [1, 2], sizeKnown);
        _receiver.OnReset(2);
        Assert.Equal(ReceiverState.Reset, _receiver.State);
        Assert.Equal(0, _receiver.Buffer.ReadableBytes);
    }

    [Fact]
    public void A_stopped_receiver_ends_with_the_end()
    {
        _ = _receiver.TryAccept(0, [1, 2], isFinal: false);
        Assert.True(_receiver.TryStop(4));
        Assert.False(_receiver.TryStop(5));
        Assert.Equal((ReceiverState.Open, 4UL, false), (_receiver.State, _receiver.StopCode, _receiver.WantsMore));
        _ = _receiver.TryAccept(500, [1], isFinal: true);
        Assert.Equal((ReceiverState.Finished, 501UL), (_receiver.State, _receiver.HighestOffset));
    }

    [Fact]
    public void Stopping_after_the_end_was_heard_is_the_end()
    {
        _ = _receiver.TryAccept(0, [1, 2], isFinal: true);
        Assert.True(_receiver.TryStop(4));
        Assert.Equal(ReceiverState.Finished, _receiver.State);
    }

    [Theory]
    [InlineData(999UL, null)]
    [InlineData(1000UL, null)]
    [InlineData(1001UL, TransportErrorCode.FlowControl)]
    public void Bytes_are_allowed_up_to_the_window(ulong end, TransportErrorCode? code) =>
        Assert.Equal(code, _receiver.Check(end, isFinal: false)?.Code);

    [Theory]
    [InlineData(9UL, false, null)]
    [InlineData(10UL, true, null)]
    [InlineData(11UL, false, TransportErrorCode.FinalSize)]
    [InlineData(9UL, true, TransportErrorCode.FinalSize)]
    public void The_end_never_moves(ulong end, bool isFinal, TransportErrorCode? code)
    {
        _ = _receiver.TryAccept(0, new byte[10], isFinal: true);
        Assert.Equal(code, _receiver.Check(end, isFinal)?.Code);
    }
}
