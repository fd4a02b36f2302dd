using System;
using System.Collections.Generic;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Wire;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>A peer with the right keys and no manners: whatever it seals, no method throws and no invariant breaks.</summary>
public sealed class FuzzTests
{
    private const int PacketsPerSeed = 12_500;

    /// <summary>Numbers at the edges of encodings, windows and counters.</summary>
    private static readonly ulong[] s_numbers =
    [
        0, 1, 2, 3, 4, 5, 7, 8, 63, 64, 255, 256, 257, 1023, 1024, 1199, 1200, 16_383, 16_384, 65_535, 65_536, 262_143,
        262_144, 262_145, 1_048_575, 1_048_576, 1_048_577, (1UL << 30) - 1, 1UL << 30, (1UL << 31) - 1, 1UL << 31,
        (1UL << 32) - 1, 1UL << 32, VarInt.MaxValue - 1, VarInt.MaxValue,
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Frames_of_any_kind_and_value_never_throw(ulong seed) =>
        Assert.InRange(Run(seed, PacketsPerSeed), 2, PacketsPerSeed);

    [Fact]
    public void Mangled_packets_messages_and_tickets_never_throw() =>
        Assert.InRange(ParserFuzz.Run(1, 50_000), 1000, 50_000);

    /// <summary>Sends so many packets and returns how many sessions they went through.</summary>
    internal static int Run(ulong seed, int packets)
    {
        Prng prng = new(seed);
        RawPeer peer = new();
        int sessions = 1;
        for (int i = 0; i < packets; i++)
        {
            if (peer.Connection.State != ConnectionState.Open)
            {
                peer.Dispose();
                peer = new RawPeer();
                sessions++;
            }
            peer.Send(Frames(prng));
            Command(prng, peer);
            Drain(prng, peer);
        }
        peer.Dispose();
        return sessions;
    }

    private static byte[] Frames(Prng prng)
    {
        byte[] buffer = new byte[WireLimits.DatagramBytesMin - WireLimits.DataOverheadBytes];
        WireWriter writer = new(buffer);
        int frames = 1 + prng.Next(8);
        for (int i = 0; i < frames && writer.Position < buffer.Length - 200; i++)
        {
            WriteFrame(prng, ref writer);
        }
        if (writer.Position == 0)
        {
            PingFrame.Write(ref writer);
        }
        byte[] written = writer.Written.ToArray();
        if (prng.Chance(1, 20))
        {
            written[prng.Next(written.Length)] ^= (byte)(1 << prng.Next(8));
        }
        return prng.Chance(1, 20) ? written[..(1 + prng.Next(written.Length))] : written;
    }

    private static void WriteFrame(Prng prng, ref WireWriter writer)
    {
        switch (prng.Next(10))
        {
            case 0:
                WriteAck(prng, ref writer);
                break;
            case 1 or 2 or 3 or 4:
                byte[] data = new byte[prng.Next(40)];
                StreamId id = new(prng.Chance(9, 10) ? (ulong)(4 * prng.Next(6)) : Number(prng));
                ulong offset = prng.Chance(3, 4) ? (ulong)prng.Next(3000) : Math.Min(Number(prng), VarInt.MaxValue - 40);
                new StreamFrame(id, offset, prng.Next(4), prng.Chance(1, 10), data).Write(ref writer);
                break;
            case 5:
                writer.WriteByte((byte)prng.Next(0x30));
                for (int i = prng.Next(4); i > 0; i--)
                {
                    writer.WriteVarInt(Number(prng));
                }
                break;
            default:
                writer.WriteByte((byte)s_types[prng.Next(s_types.Length)]);
                ulong first = prng.Chance(3, 4) ? (ulong)(4 * prng.Next(6)) : Number(prng);
                writer.WriteVarInt(first);
                writer.WriteVarInt(Number(prng));
                writer.WriteVarInt(Number(prng));
                break;
        }
    }

    private static readonly FrameType[] s_types =
    [
        FrameType.ResetStream, FrameType.StopSending, FrameType.MaxStreamData, FrameType.StreamDataBlocked, FrameType.MaxData,
        FrameType.MaxStreamsBidirectional, FrameType.MaxStreamsUnidirectional, FrameType.DataBlocked,
        FrameType.StreamsBlockedBidirectional, FrameType.StreamsBlockedUnidirectional, FrameType.PathChallenge, FrameType.PathResponse,
        FrameType.ObservedAddress, FrameType.AckFrequency, FrameType.Ping, FrameType.Padding,
        FrameType.HandshakeQuestion, FrameType.HandshakeAnswer, FrameType.NewConnectionId, FrameType.RetireConnectionId,
    ];

    private static void WriteAck(Prng prng, ref WireWriter writer)
    {
        List<PacketRange> ranges = [];
        ulong next = (ulong)prng.Next(40);
        while (ranges.Count < 4 && next > 4)
        {
            ulong length = (ulong)prng.Next(3);
            ranges.Add(new PacketRange(next - length, next));
            next -= length + 2;
        }
        if (ranges.Count > 0)
        {
            new AckFrame(ranges.ToArray(), Number(prng)).Write(ref writer);
        }
    }

    private static void Command(Prng prng, RawPeer peer)
    {
        StreamId id = new((ulong)prng.Next(24));
        switch (prng.Next(8))
        {
            case 0:
                _ = peer.Connection.OpenStream((StreamPriority)prng.Next(4));
                break;
            case 1 or 2:
                _ = peer.Connection.Write(id, new byte[prng.Next(5000)]);
                break;
            case 3:
                _ = peer.Connection.Read(id, new byte[prng.Next(5000)], out _);
                break;
            case 4 when prng.Chance(1, 4):
                peer.Connection.CompleteWrites(id);
                break;
            case 5 when prng.Chance(1, 4):
                peer.Connection.Reset(id, Number(prng));
                break;
            case 6 when prng.Chance(1, 4):
                peer.Connection.StopSending(id, Number(prng));
                break;
            default:
                peer.Now += TimeSpan.FromMilliseconds(prng.Next(200));
                peer.Connection.Timeout(peer.Now);
                break;
        }
    }

    private static void Drain(Prng prng, RawPeer peer)
    {
        byte[] buffer = new byte[WireLimits.DatagramBytesMax];
        int sent = 0;
        while (peer.Connection.TryTransmit(peer.Now, buffer, out _) && sent < 1000)
        {
            sent++;
        }
        Assert.True(sent < 1000, "A packet is answered by few.");
        while (peer.Connection.TryTakeEvent(out ConnectionEvent e))
        {
            if (e.Kind == ConnectionEventKind.StreamReadable && prng.Chance(1, 2))
            {
                _ = peer.Connection.Read(e.Stream, buffer, out _);
            }
        }
        _ = peer.Connection.NextTimeout;
        _ = peer.Connection.TakeHandshake();
    }

    private static ulong Number(Prng prng) => s_numbers[prng.Next(s_numbers.Length)];
}
