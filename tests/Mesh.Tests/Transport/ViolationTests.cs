using System;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>A bad frame closes one connection, with the code that the specification names, and never throws.</summary>
public sealed class ViolationTests
{
    [Theory]
    [InlineData("", TransportErrorCode.ProtocolViolation)] // a packet without frames
    [InlineData("03", TransportErrorCode.FrameEncoding)] // unknown type
    [InlineData("30", TransportErrorCode.FrameEncoding)] // just above STREAM
    [InlineData("FF", TransportErrorCode.FrameEncoding)]
    [InlineData("0200", TransportErrorCode.FrameEncoding)] // ACK cut short
    [InlineData("0205000000", TransportErrorCode.ProtocolViolation)] // ACK of a packet never sent
    [InlineData("0200000001", TransportErrorCode.FrameEncoding)] // ACK below packet 0
    [InlineData("0200002000", TransportErrorCode.FrameEncoding)] // 33 ranges
    [InlineData("200005AABB", TransportErrorCode.FrameEncoding)] // STREAM longer than the packet
    [InlineData("2200FFFFFFFFFFFFFFFF01AA", TransportErrorCode.FrameEncoding)] // STREAM beyond 62 bits
    [InlineData("200201AA", TransportErrorCode.StreamLimit)] // unidirectional, of which none is allowed
    [InlineData("200301AA", TransportErrorCode.StreamState)] // bytes on our own unidirectional stream
    [InlineData("04030000", TransportErrorCode.StreamState)] // a reset of one
    [InlineData("150300", TransportErrorCode.StreamState)] // STREAM_DATA_BLOCKED on one
    [InlineData("050200", TransportErrorCode.StreamState)] // STOP_SENDING of the peer's own
    [InlineData("1102410000", TransportErrorCode.StreamState)] // MAX_STREAM_DATA of the peer's own
    [InlineData("200101AA", TransportErrorCode.StreamState)] // our own stream, never opened
    [InlineData("20441001AA", TransportErrorCode.StreamLimit)] // stream number 260
    [InlineData("2200800F424001AA", TransportErrorCode.FlowControl)] // offset 1,000,000
    [InlineData("210002AABB 200003AABBCC", TransportErrorCode.FinalSize)] // bytes beyond the end
    [InlineData("210002AABB 210001AA", TransportErrorCode.FinalSize)] // an earlier end
    [InlineData("200002AABB 04000001", TransportErrorCode.FinalSize)] // reset below what arrived
    [InlineData("040000800F4240", TransportErrorCode.FlowControl)] // reset beyond the window
    [InlineData("0401 00 00", TransportErrorCode.StreamState)] // reset of our own stream, never opened
    [InlineData("050100", TransportErrorCode.StreamState)]
    [InlineData("110100", TransportErrorCode.StreamState)]
    [InlineData("12D000000000000001", TransportErrorCode.FrameEncoding)] // more streams than ids
    [InlineData("13D000000000000001", TransportErrorCode.FrameEncoding)]
    [InlineData("17D000000000000001", TransportErrorCode.FrameEncoding)]
    [InlineData("1A00000000000000", TransportErrorCode.FrameEncoding)] // PATH_CHALLENGE of seven bytes
    [InlineData("1C00410100", TransportErrorCode.FrameEncoding)] // CLOSE with a reason of 257 bytes
    public void A_frame_that_breaks_a_rule_closes_the_connection(string frames, TransportErrorCode code)
    {
        using RawPeer peer = new();
        peer.Send(Convert.FromHexString(frames.Replace(" ", "", StringComparison.Ordinal)));
        Assert.Equal(ConnectionState.Closing, peer.Connection.State);
        Assert.Equal(CloseCause.LocalTransport, peer.Connection.CloseReason!.Cause);
        Assert.Equal((ulong)code, peer.Connection.CloseReason.Code);
        byte[] close = peer.Take();
        Assert.Equal((byte)FrameType.TransportClose, close[0]);
        Assert.Equal((byte)code, close[1]);
    }

    [Fact]
    public void The_connection_window_bounds_all_streams_together()
    {
        ConnectionOptions options = new() { ConnectionWindowBytes = 10, StreamWindowBytes = 8 };
        using RawPeer peer = new(options);
        peer.Send(Convert.FromHexString("200005AABBCCDDEE"));
        peer.Send(Convert.FromHexString("200405AABBCCDDEE"));
        Assert.Equal(ConnectionState.Open, peer.Connection.State);
        peer.Send(Convert.FromHexString("200801AA"));
        Assert.Equal((ulong)TransportErrorCode.FlowControl, peer.Connection.CloseReason!.Code);
    }

    [Fact]
    public void The_last_allowed_stream_and_byte_are_allowed()
    {
        ConnectionOptions options = new() { StreamsMax = 2, StreamWindowBytes = 4 };
        using RawPeer peer = new(options);
        peer.Send(Convert.FromHexString("220403" + "01AA"));
        Assert.Equal(ConnectionState.Open, peer.Connection.State);
        peer.Send(Convert.FromHexString("220404" + "01AA"));
        Assert.Equal((ulong)TransportErrorCode.FlowControl, peer.Connection.CloseReason!.Code);
        using RawPeer other = new(options);
        other.Send(Convert.FromHexString("200801AA"));
        Assert.Equal((ulong)TransportErrorCode.StreamLimit, other.Connection.CloseReason!.Code);
    }

    [Fact]
    public void Random_frames_never_throw()
    {
        Prng prng = new(11);
        for (int i = 0; i < 3000; i++)
        {
            using RawPeer peer = new();
            for (int packet = 0; packet < 5; packet++)
            {
                byte[] frames = new byte[prng.Next(60)];
                for (int b = 0; b < frames.Length; b++)
                {
                    frames[b] = (byte)prng.Next(prng.Next(2) == 0 ? 256 : 0x30);
                }
                peer.Send(frames);
                while (peer.Take().Length > 0)
                {
                }
                while (peer.Connection.TryTakeEvent(out _))
                {
                }
                peer.Now += TimeSpan.FromMilliseconds(30);
                peer.Connection.Timeout(peer.Now);
            }
        }
    }

    [Fact]
    public void Mutated_packets_never_throw_and_are_dropped()
    {
        Prng prng = new(12);
        using RawPeer peer = new();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] packet = peer.Seal(0x20, 0x00, 0x02, 0xAA, 0xBB);
            packet[prng.Next(packet.Length)] ^= (byte)(1 + prng.Next(255));
            peer.Connection.Receive(peer.Now, RawPeer.Address, packet.AsSpan(0, prng.Next(3) == 0 ? prng.Next(packet.Length) : packet.Length));
        }
        Assert.Equal(0, peer.Connection.Statistics.PacketsReceived);
        Assert.False(peer.Connection.TryTakeEvent(out _));
        Assert.Equal(ConnectionState.Open, peer.Connection.State);
    }

    [Fact]
    public void Too_many_holes_leave_a_packet_unacknowledged_but_the_connection_open()
    {
        using RawPeer peer = new(new ConnectionOptions { StreamWindowBytes = 16_384 });
        for (int i = 0; i < 2000; i++)
        {
            int offset = 1 + (2 * i);
            peer.Send(0x22, 0x00, (byte)(0x80), 0x00, (byte)(offset >> 8), (byte)(offset & 0xFF), 0x01, 0xAA);
            while (peer.Take().Length > 0)
            {
            }
        }
        Assert.Equal(ConnectionState.Open, peer.Connection.State);
    }
}
