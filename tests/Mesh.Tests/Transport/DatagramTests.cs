using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Packets;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>Unreliable datagrams: once or never, bounded, congestion controlled, and beside streams.</summary>
public sealed class DatagramTests
{
    private static readonly ConnectionOptions s_options = new() { DatagramFrameBytesMax = 1200 };

    [Fact]
    public void Datagrams_arrive_whole_and_in_the_order_of_a_path_that_keeps_it()
    {
        using Pair pair = new(client: s_options);
        for (int i = 0; i < 10; i++)
        {
            Assert.True(pair.Client.Connection.TrySendDatagram(TransferTests.Bytes(i * 100, (ulong)i)));
        }
        pair.RunUntil(() => pair.Server.Has(ConnectionEventKind.DatagramReceived));
        pair.Run(TimeSpan.FromMilliseconds(100));
        List<byte[]> received = Take(pair.Server);
        Assert.Equal(10, received.Count);
        Assert.All(received.Index(), datagram => Assert.Equal(TransferTests.Bytes(datagram.Index * 100, (ulong)datagram.Index), datagram.Item));
    }

    [Fact]
    public void What_is_lost_is_never_sent_again()
    {
        using Pair pair = new(client: s_options);
        pair.Run(TimeSpan.FromSeconds(1));
        pair.Drops = (side, _) => side == pair.Client;
        _ = pair.Client.Connection.TrySendDatagram([1]);
        pair.Run(TimeSpan.FromMilliseconds(1));
        pair.Drops = null;
        _ = pair.Client.Connection.TrySendDatagram([2]);
        pair.Run(TimeSpan.FromSeconds(5));
        Assert.Equal([2], Assert.Single(Take(pair.Server)));
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void The_largest_fits_one_packet_even_while_an_acknowledgement_is_due(int more, bool isTaken)
    {
        using Pair pair = new(client: s_options);
        pair.Run(TimeSpan.FromSeconds(1));
        int largest = pair.Client.Connection.DatagramBytesMax;
        Assert.Equal(WireLimits.DatagramBytesMin - WireLimits.DataOverheadBytes - DatagramFrame.HeaderBytesMax, largest);
        StreamId stream = pair.Server.OpenAndSend([1], complete: false);
        pair.RunUntil(() => pair.Client.BytesOf(stream).Length == 1);
        Assert.Equal(isTaken, pair.Client.Connection.TrySendDatagram(new byte[largest + more]));
        pair.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(isTaken ? 1 : 0, Take(pair.Server).Count(datagram => datagram.Length == largest + more));
    }

    [Fact]
    public void The_largest_leaves_at_once_in_the_packet_after_an_acknowledgement()
    {
        using RawPeer peer = new(parameters: new TransportParameters { DatagramFrameBytesMax = 1200 });
        peer.Send((byte)FrameType.Ping);
        Assert.Equal((byte)FrameType.Ack, peer.Take()[0]);
        peer.Send((byte)FrameType.Ping); // its acknowledgement may wait
        Assert.True(peer.Connection.TrySendDatagram(new byte[peer.Connection.DatagramBytesMax]));
        Assert.Equal((byte)FrameType.Ack, peer.Take()[0]);
        Assert.Equal((byte)FrameType.Datagram, peer.Take()[0]);
    }

    [Fact]
    public void A_peer_that_takes_none_gets_none()
    {
        using Pair pair = new();
        Assert.Equal(0, pair.Client.Connection.DatagramBytesMax);
        Assert.False(pair.Client.Connection.TrySendDatagram([]));
    }

    [Theory]
    [InlineData(19, null)]
    [InlineData(20, null)]
    [InlineData(21, TransportErrorCode.ProtocolViolation)]
    public void A_frame_larger_than_announced_closes_the_connection(int frameBytes, TransportErrorCode? code)
    {
        using RawPeer peer = new(new ConnectionOptions { DatagramFrameBytesMax = 20 });
        peer.Send([(byte)FrameType.Datagram, (byte)(frameBytes - 2), .. new byte[frameBytes - 2]]);
        Assert.Equal((ulong?)code, peer.Connection.CloseReason?.Code);
    }

    [Fact]
    public void A_frame_that_nobody_asked_for_closes_the_connection()
    {
        using RawPeer peer = new();
        peer.Send((byte)FrameType.Datagram, 0);
        Assert.Equal((ulong)TransportErrorCode.ProtocolViolation, peer.Connection.CloseReason!.Code);
    }

    [Fact]
    public void The_newest_stay_when_nobody_reads_and_the_reader_is_told_once()
    {
        using RawPeer peer = new(new ConnectionOptions { DatagramFrameBytesMax = 20, DatagramsQueuedMax = 4 });
        for (byte i = 0; i < 10; i++)
        {
            peer.Send((byte)FrameType.Datagram, 1, i);
        }
        Assert.True(peer.Connection.TryTakeEvent(out ConnectionEvent told));
        Assert.Equal(ConnectionEventKind.DatagramReceived, told.Kind);
        Assert.False(peer.Connection.TryTakeEvent(out _));
        byte[] target = new byte[20];
        for (byte i = 6; i < 10; i++)
        {
            Assert.True(peer.Connection.TryReceiveDatagram(target, out int length));
            Assert.Equal((1, i), (length, target[0]));
        }
        Assert.False(peer.Connection.TryReceiveDatagram(target, out _));
        Assert.Equal(6, peer.Connection.Statistics.DatagramsUnread);
        peer.Send((byte)FrameType.Datagram, 1, 42);
        Assert.True(peer.Connection.TryTakeEvent(out _));
    }

    [Fact]
    public void The_newest_stay_when_the_window_is_shut()
    {
        using RawPeer peer = new(new ConnectionOptions { DatagramsQueuedMax = 4 }, new TransportParameters { DatagramFrameBytesMax = 1200 });
        StreamId stream = peer.Connection.OpenStream(StreamPriority.Bulk)!.Value;
        _ = peer.Connection.Write(stream, new byte[60_000]);
        int packets = 0;
        while (peer.Take().Length > 0)
        {
            packets++;
        }
        Assert.InRange(packets, 1, 40);
        for (byte i = 0; i < 10; i++)
        {
            Assert.True(peer.Connection.TrySendDatagram([i]));
            Assert.Empty(peer.Take());
        }
        Assert.Equal(6, peer.Connection.Statistics.DatagramsUnsent);
    }

    [Fact]
    public void Datagrams_and_streams_take_turns()
    {
        using RawPeer peer = new(
            new ConnectionOptions { DatagramBytesMax = WireLimits.DatagramBytesMin },
            new TransportParameters { DatagramFrameBytesMax = 1200 });
        Assert.Equal((byte)FrameType.ObservedAddress, peer.Take()[0]);
        StreamId stream = peer.Connection.OpenStream(StreamPriority.Control)!.Value;
        _ = peer.Connection.Write(stream, new byte[20_000]);
        for (int i = 0; i < 8; i++)
        {
            _ = peer.Connection.TrySendDatagram(new byte[peer.Connection.DatagramBytesMax]);
        }
        FrameType[] first = [.. Enumerable.Range(0, 8).Select(_ => (FrameType)peer.Take()[0])];
        Assert.Equal(4, first.Count(type => type == FrameType.Datagram));
        Assert.All(first.Zip(first.Skip(1)), pair => Assert.NotEqual(pair.First, pair.Second));
    }

    [Fact]
    public void A_target_that_is_too_short_loses_nothing()
    {
        using RawPeer peer = new(new ConnectionOptions { DatagramFrameBytesMax = 20 });
        peer.Send((byte)FrameType.Datagram, 2, 1, 2);
        _ = Assert.Throws<ArgumentException>(() => peer.Connection.TryReceiveDatagram(new byte[1], out _));
        byte[] target = new byte[2];
        Assert.True(peer.Connection.TryReceiveDatagram(target, out _));
        Assert.Equal([1, 2], target);
    }

    [Fact]
    public void Datagrams_over_a_path_with_every_fault_arrive_at_most_once()
    {
        LinkFaults faults = new() { Latency = TimeSpan.FromMilliseconds(5), Jitter = TimeSpan.FromMilliseconds(5), Lost = 100, Duplicated = 100 };
        using Pair pair = new(faults, s_options);
        for (int i = 0; i < 500; i++)
        {
            _ = pair.Client.Connection.TrySendDatagram(BitConverter.GetBytes(i));
            pair.Run(TimeSpan.FromMilliseconds(2));
        }
        pair.Run(TimeSpan.FromSeconds(1));
        List<int> received = [.. Take(pair.Server).Select(datagram => BitConverter.ToInt32(datagram))];
        Assert.Distinct(received);
        Assert.InRange(received.Count + pair.Server.Connection.Statistics.DatagramsUnread, 400, 490);
    }

    private static List<byte[]> Take(Side side)
    {
        List<byte[]> taken = [];
        byte[] target = new byte[1500];
        while (side.Connection.TryReceiveDatagram(target, out int length))
        {
            taken.Add(target[..length]);
        }
        return taken;
    }
}
