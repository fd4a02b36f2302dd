using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Wire;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>What the four priorities promise, packet by packet, as the peer sees them leave.</summary>
public sealed class PriorityTests
{
    [Theory]
    [InlineData(StreamPriority.Control)]
    [InlineData(StreamPriority.Tokens)]
    [InlineData(StreamPriority.Prompts)]
    public void Bulk_keeps_a_tenth_under_the_full_load_of_others(StreamPriority load)
    {
        using Sender sender = new();
        StreamId urgent = sender.Open(load);
        StreamId bulk = sender.Open(StreamPriority.Bulk);
        Dictionary<StreamId, long> bytes = new() { [urgent] = 0, [bulk] = 0 };
        for (int i = 0; i < 3000; i++)
        {
            sender.Fill(urgent);
            sender.Fill(bulk);
            foreach ((StreamId stream, int length) in sender.NextPacket())
            {
                bytes[stream] += length;
            }
        }
        Assert.InRange(bytes[bulk] / (double)(bytes[bulk] + bytes[urgent]), 0.095, 0.105);
    }

    [Fact]
    public void A_token_waits_for_one_datagram_of_bulk_at_most()
    {
        Prng prng = new(7);
        using Sender sender = new();
        StreamId load = sender.Open(StreamPriority.Prompts);
        StreamId bulk = sender.Open(StreamPriority.Bulk);
        StreamId tokens = sender.Open(StreamPriority.Tokens);
        for (int i = 0; i < 500; i++)
        {
            sender.Fill(load);
            sender.Fill(bulk);
            for (int packets = prng.Next(30); packets > 0; packets--)
            {
                _ = sender.NextPacket();
                sender.Fill(load);
            }
            sender.Write(tokens, 40);
            int waited = 0;
            while (sender.NextPacket() is var packet && packet.All(frame => frame.Stream != tokens))
            {
                Assert.All(packet, frame => Assert.Equal(bulk, frame.Stream));
                waited++;
            }
            Assert.InRange(waited, 0, 1);
        }
    }

    [Fact]
    public void Without_bulk_the_more_urgent_has_everything()
    {
        using Sender sender = new();
        StreamId prompts = sender.Open(StreamPriority.Prompts);
        StreamId tokens = sender.Open(StreamPriority.Tokens);
        sender.Fill(prompts);
        for (int i = 0; i < 200; i++)
        {
            sender.Fill(tokens);
            Assert.Equal(tokens, sender.NextPacket()[0].Stream);
        }
    }

    /// <summary>A connection whose peer acknowledges each packet at once and never shuts a window.</summary>
    private sealed class Sender : IDisposable
    {
        private readonly RawPeer _peer = new(
            new ConnectionOptions { DatagramBytesMax = WireLimits.DatagramBytesMin },
            new TransportParameters { InitialDataBytesMax = 1UL << 40, InitialStreamDataBytesMax = 1UL << 40 });
        private readonly PacketRange[] _ranges = new PacketRange[AckFrame.RangesMax];
        private readonly byte[] _ack = new byte[32];
        private ulong _taken;

        public StreamId Open(StreamPriority priority) => _peer.Connection.OpenStream(priority)!.Value;

        public void Write(StreamId stream, int bytes) => Assert.Equal(bytes, _peer.Connection.Write(stream, new byte[bytes]));

        public void Fill(StreamId stream) => _ = _peer.Connection.Write(stream, new byte[20_000]);

        /// <summary>The streams and lengths of the next packet that holds any.</summary>
        public List<(StreamId Stream, int Length)> NextPacket()
        {
            while (true)
            {
                byte[] frames = _peer.Take();
                if (frames.Length > 0)
                {
                    Acknowledge();
                    if (StreamsOf(frames) is { Count: > 0 } streams)
                    {
                        return streams;
                    }
                }
                else
                {
                    _peer.Now += TimeSpan.FromMilliseconds(1);
                    _peer.Connection.Timeout(_peer.Now);
                }
            }
        }

        public void Dispose() => _peer.Dispose();

        private void Acknowledge()
        {
            WireWriter writer = new(_ack);
            _ranges[0] = new PacketRange(0, _taken++);
            new AckFrame(_ranges.AsSpan(0, 1), 0).Write(ref writer);
            _peer.Send(writer.Written.ToArray());
            while (_peer.Connection.TryTakeEvent(out _))
            {
            }
        }

        private List<(StreamId Stream, int Length)> StreamsOf(byte[] frames)
        {
            List<(StreamId Stream, int Length)> streams = [];
            WireReader reader = new(frames);
            while (reader.TryReadByte(out byte type))
            {
                if ((FrameType)type == FrameType.Ack)
                {
                    Assert.True(AckFrame.TryRead(ref reader, _ranges, out _));
                }
                else if ((FrameType)type == FrameType.AckFrequency)
                {
                    Assert.True(AckFrequencyFrame.TryRead(ref reader, out _));
                }
                else if ((FrameType)type == FrameType.ObservedAddress)
                {
                    Assert.True(ObservedAddressFrame.TryRead(ref reader, out _));
                }
                else if ((FrameType)type != FrameType.Ping)
                {
                    Assert.True(StreamFrame.TryRead(type, ref reader, out StreamFrame frame));
                    streams.Add((frame.Id, frame.Data.Length));
                }
            }
            return streams;
        }
    }
}
