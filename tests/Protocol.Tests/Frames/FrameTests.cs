using System;
using Darkbloom.Protocol.Frames;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Wire;
using Xunit;

namespace Darkbloom.Protocol.Tests.Frames;

/// <summary>Each frame against its golden vector: written, read back, and cut short at each byte.</summary>
public sealed class FrameTests
{
    private delegate void Writing(ref WireWriter writer);

    /// <summary>Reads a frame whose type was consumed, and tells what it says.</summary>
    private delegate string? Reading(byte type, ref WireReader reader);

    [Fact]
    public void Ping() => Check("01", PingFrame.Length, PingFrame.Write, (byte _, ref WireReader _) => "");

    [Fact]
    public void Padding_is_skipped_as_a_run()
    {
        WireReader reader = new([0, 0, 0, 1, 0]);
        PaddingFrame.SkipRun(ref reader);
        Assert.Equal(3, reader.Position);
        WireReader rest = new([0, 0]);
        PaddingFrame.SkipRun(ref rest);
        Assert.True(rest.IsEmpty);
        Check("00", PaddingFrame.Length, PaddingFrame.Write, (byte _, ref WireReader _) => "");
    }

    [Fact]
    public void Ack_of_one_range()
    {
        PacketRange[] ranges = [new(990, 1000)];
        AckFrame frame = new(ranges, 25_000);
        Assert.Equal(1000UL, frame.LargestAcknowledged);
        Check("02" + "43E8" + "800061A8" + "00" + "0A", frame.Length, Write(ranges, 25_000), ReadAck);
        Assert.Equal("990-1000 25000", ReadHex("0243E8800061A8000A", ReadAck));
    }

    [Fact]
    public void Ack_of_three_ranges()
    {
        PacketRange[] ranges = [new(98, 100), new(90, 95), new(0, 10)];
        Check("02" + "4064" + "05" + "02" + "02" + "01" + "05" + "404E" + "0A", new AckFrame(ranges, 5).Length, Write(ranges, 5), ReadAck);
        Assert.Equal("98-100 90-95 0-10 5", ReadHex("02406405020201" + "05404E0A", ReadAck));
    }

    [Theory]
    [InlineData(AckFrame.RangesMax - 1, true)]
    [InlineData(AckFrame.RangesMax, true)]
    [InlineData(AckFrame.RangesMax + 1, false)]
    public void Ack_has_at_most_32_ranges(int count, bool isValid)
    {
        byte[] buffer = new byte[200];
        WireWriter writer = new(buffer);
        writer.WriteByte((byte)FrameType.Ack);
        writer.WriteVarInt(1000);
        writer.WriteVarInt(0);
        writer.WriteVarInt((ulong)count - 1);
        writer.WriteVarInt(0);
        for (int i = 1; i < count; i++)
        {
            writer.WriteVarInt(0);
            writer.WriteVarInt(0);
        }
        Assert.Equal(isValid, ReadHex(Convert.ToHexString(writer.Written), ReadAck) is not null);
    }

    [Theory]
    [InlineData("0205000006")] // the first range reaches below zero
    [InlineData("02050001040000")] // the gap leaves no room
    [InlineData("02050001000302")] // the second range reaches below zero
    public void Ack_below_packet_zero_is_refused(string hex) => Assert.Null(ReadHex(hex, ReadAck));

    [Fact]
    public void ResetStream() => Check(
        "04" + "04" + "4064" + "80010000",
        new ResetStreamFrame(new StreamId(4), 100, 65536).Length,
        (ref WireWriter writer) => new ResetStreamFrame(new StreamId(4), 100, 65536).Write(ref writer),
        (byte _, ref WireReader reader) => ResetStreamFrame.TryRead(ref reader, out ResetStreamFrame frame) ? Tell(frame) : null,
        new ResetStreamFrame(new StreamId(4), 100, 65536));

    [Fact]
    public void StopSending() => Check(
        "05" + "4041" + "07",
        new StopSendingFrame(new StreamId(65), 7).Length,
        (ref WireWriter writer) => new StopSendingFrame(new StreamId(65), 7).Write(ref writer),
        (byte _, ref WireReader reader) => StopSendingFrame.TryRead(ref reader, out StopSendingFrame frame) ? Tell(frame) : null,
        new StopSendingFrame(new StreamId(65), 7));

    [Fact]
    public void MaxData() => Check(
        "10" + "80100000",
        new MaxDataFrame(1 << 20).Length,
        (ref WireWriter writer) => new MaxDataFrame(1 << 20).Write(ref writer),
        (byte _, ref WireReader reader) => MaxDataFrame.TryRead(ref reader, out MaxDataFrame frame) ? Tell(frame) : null,
        new MaxDataFrame(1 << 20));

    [Fact]
    public void MaxStreamData() => Check(
        "11" + "08" + "80040000",
        new MaxStreamDataFrame(new StreamId(8), 1 << 18).Length,
        (ref WireWriter writer) => new MaxStreamDataFrame(new StreamId(8), 1 << 18).Write(ref writer),
        (byte _, ref WireReader reader) => MaxStreamDataFrame.TryRead(ref reader, out MaxStreamDataFrame frame) ? Tell(frame) : null,
        new MaxStreamDataFrame(new StreamId(8), 1 << 18));

    [Fact]
    public void MaxStreams() => Check(
        "12" + "4100",
        new MaxStreamsFrame(true, 256).Length,
        (ref WireWriter writer) => new MaxStreamsFrame(true, 256).Write(ref writer),
        ReadMaxStreams,
        new MaxStreamsFrame(true, 256));

    [Fact]
    public void MaxStreams_of_unidirectional_streams() => Check(
        "13" + "03",
        new MaxStreamsFrame(false, 3).Length,
        (ref WireWriter writer) => new MaxStreamsFrame(false, 3).Write(ref writer),
        ReadMaxStreams,
        new MaxStreamsFrame(false, 3));

    [Theory]
    [InlineData("12CFFFFFFFFFFFFFFF", true)] // 2^60 - 1
    [InlineData("12D000000000000000", true)] // 2^60
    [InlineData("12D000000000000001", false)] // 2^60 + 1
    public void MaxStreams_is_at_most_what_ids_can_number(string hex, bool isValid) =>
        Assert.Equal(isValid, ReadHex(hex, ReadMaxStreams) is not null);

    [Fact]
    public void DataBlocked() => Check(
        "14" + "80100000",
        new DataBlockedFrame(1 << 20).Length,
        (ref WireWriter writer) => new DataBlockedFrame(1 << 20).Write(ref writer),
        (byte _, ref WireReader reader) => DataBlockedFrame.TryRead(ref reader, out DataBlockedFrame frame) ? Tell(frame) : null,
        new DataBlockedFrame(1 << 20));

    [Fact]
    public void StreamDataBlocked() => Check(
        "15" + "01" + "4400",
        new StreamDataBlockedFrame(new StreamId(1), 1024).Length,
        (ref WireWriter writer) => new StreamDataBlockedFrame(new StreamId(1), 1024).Write(ref writer),
        (byte _, ref WireReader reader) => StreamDataBlockedFrame.TryRead(ref reader, out StreamDataBlockedFrame frame) ? Tell(frame) : null,
        new StreamDataBlockedFrame(new StreamId(1), 1024));

    [Fact]
    public void StreamsBlocked() => Check(
        "16" + "10",
        new StreamsBlockedFrame(true, 16).Length,
        (ref WireWriter writer) => new StreamsBlockedFrame(true, 16).Write(ref writer),
        ReadStreamsBlocked,
        new StreamsBlockedFrame(true, 16));

    [Fact]
    public void StreamsBlocked_of_unidirectional_streams() => Check(
        "17" + "4100",
        new StreamsBlockedFrame(false, 256).Length,
        (ref WireWriter writer) => new StreamsBlockedFrame(false, 256).Write(ref writer),
        ReadStreamsBlocked,
        new StreamsBlockedFrame(false, 256));

    [Theory]
    [InlineData("16CFFFFFFFFFFFFFFF", true)] // 2^60 - 1
    [InlineData("16D000000000000000", true)] // 2^60
    [InlineData("16D000000000000001", false)] // 2^60 + 1
    public void StreamsBlocked_is_at_most_what_ids_can_number(string hex, bool isValid) =>
        Assert.Equal(isValid, ReadHex(hex, ReadStreamsBlocked) is not null);

    [Fact]
    public void PathChallenge() => Check(
        "1A" + "0102030405060708",
        PathChallengeFrame.Length,
        (ref WireWriter writer) => new PathChallengeFrame(0x0102030405060708).Write(ref writer),
        (byte _, ref WireReader reader) => PathChallengeFrame.TryRead(ref reader, out PathChallengeFrame frame) ? Tell(frame) : null,
        new PathChallengeFrame(0x0102030405060708));

    [Fact]
    public void PathResponse() => Check(
        "1B" + "0102030405060708",
        PathResponseFrame.Length,
        (ref WireWriter writer) => new PathResponseFrame(0x0102030405060708).Write(ref writer),
        (byte _, ref WireReader reader) => PathResponseFrame.TryRead(ref reader, out PathResponseFrame frame) ? Tell(frame) : null,
        new PathResponseFrame(0x0102030405060708));

    [Fact]
    public void ObservedAddress()
    {
        ObservedAddressFrame frame = new(3, new PathAddress(new UInt128(0, 0xFFFF_CB00_7105), 4433));
        Check(
            "1E" + "03" + "00000000000000000000FFFFCB007105" + "1151",
            frame.Length,
            (ref WireWriter writer) => frame.Write(ref writer),
            (byte _, ref WireReader reader) => ObservedAddressFrame.TryRead(ref reader, out ObservedAddressFrame read) ? Tell(read) : null,
            frame);
    }

    [Fact]
    public void AckFrequency()
    {
        AckFrequencyFrame frame = new(2, 8, 10_000);
        Check(
            "AF" + "02" + "08" + "6710",
            frame.Length,
            (ref WireWriter writer) => frame.Write(ref writer),
            (byte _, ref WireReader reader) => AckFrequencyFrame.TryRead(ref reader, out AckFrequencyFrame read) ? Tell(read) : null,
            frame);
    }

    [Fact]
    public void NewConnectionId() => Check(
        "18" + "01" + "0102030405060708",
        new NewConnectionIdFrame(1, new ConnectionId(0x0102030405060708)).Length,
        (ref WireWriter writer) => new NewConnectionIdFrame(1, new ConnectionId(0x0102030405060708)).Write(ref writer),
        ReadNewConnectionId,
        new NewConnectionIdFrame(1, new ConnectionId(0x0102030405060708)));

    [Fact]
    public void RetireConnectionId() => Check(
        "19" + "00",
        new RetireConnectionIdFrame(0).Length,
        (ref WireWriter writer) => new RetireConnectionIdFrame(0).Write(ref writer),
        ReadRetireConnectionId,
        new RetireConnectionIdFrame(0));

    [Theory]
    [InlineData("20" + "00" + "03" + "616263", 0UL, 0UL, 0, false)]
    [InlineData("27" + "04" + "4400" + "03" + "616263", 4UL, 1024UL, 1, true)]
    [InlineData("2D" + "04" + "03" + "616263", 4UL, 0UL, 3, true)]
    public void Stream(string hex, ulong id, ulong offset, int priority, bool isFinal) => Check(
        hex,
        new StreamFrame(new StreamId(id), offset, priority, isFinal, "abc"u8).Length,
        (ref WireWriter writer) => new StreamFrame(new StreamId(id), offset, priority, isFinal, "abc"u8).Write(ref writer),
        ReadStream,
        $"{id} {offset} {priority} {isFinal} 616263");

    [Theory]
    [InlineData("22" + "00" + "FFFFFFFFFFFFFFFE" + "01" + "AA", true)] // the last byte of 62 bits
    [InlineData("22" + "00" + "FFFFFFFFFFFFFFFF" + "01" + "AA", false)]
    [InlineData("22" + "00" + "FFFFFFFFFFFFFFFF" + "00", true)]
    public void Stream_ends_within_62_bits(string hex, bool isValid) => Assert.Equal(isValid, ReadHex(hex, ReadStream) is not null);

    [Fact]
    public void Datagram() => Check(
        "31" + "03" + "616263",
        new DatagramFrame("abc"u8).Length,
        (ref WireWriter writer) => new DatagramFrame("abc"u8).Write(ref writer),
        ReadDatagram,
        "616263");

    [Fact]
    public void A_datagram_of_a_full_packet_has_the_longest_header()
    {
        DatagramFrame frame = new(new byte[1400]);
        Assert.Equal(1400 + DatagramFrame.HeaderBytesMax, frame.Length);
    }

    [Theory]
    [InlineData(false, "06" + "01" + "03" + "616263")]
    [InlineData(true, "07" + "01" + "03" + "616263")]
    public void Handshake(bool isAnswer, string hex) => Check(
        hex,
        new HandshakeFrame(isAnswer, 1, "abc"u8).Length,
        (ref WireWriter writer) => new HandshakeFrame(isAnswer, 1, "abc"u8).Write(ref writer),
        ReadHandshake,
        $"{isAnswer} 1 616263");

    [Theory]
    [InlineData(HandshakeFrame.MessageBytesMax - 1, true)]
    [InlineData(HandshakeFrame.MessageBytesMax, true)]
    [InlineData(HandshakeFrame.MessageBytesMax + 1, false)]
    public void Handshake_has_a_message_of_at_most_1156_bytes(int length, bool isValid)
    {
        byte[] buffer = new byte[1300];
        WireWriter writer = new(buffer);
        writer.WriteByte((byte)FrameType.HandshakeQuestion);
        writer.WriteVarInt(1);
        writer.WriteVarInt((ulong)length);
        _ = writer.Reserve(length);
        Assert.Equal(isValid, ReadHex(Convert.ToHexString(writer.Written), ReadHandshake) is not null);
    }

    [Fact]
    public void Handshake_of_the_longest_message_fits_the_smallest_datagram() => Assert.InRange(
        new HandshakeFrame(true, VarInt.MaxValue, new byte[HandshakeFrame.MessageBytesMax]).Length + WireLimits.DataOverheadBytes,
        1,
        WireLimits.DatagramBytesMin);

    [Theory]
    [InlineData(CloseOrigin.Transport, "1C" + "0A" + "03" + "6F6464")]
    [InlineData(CloseOrigin.Application, "1D" + "0A" + "03" + "6F6464")]
    public void Close(CloseOrigin origin, string hex) => Check(
        hex,
        new CloseFrame(origin, 10, "odd"u8).Length,
        (ref WireWriter writer) => new CloseFrame(origin, 10, "odd"u8).Write(ref writer),
        ReadClose,
        $"{origin} 10 6F6464");

    [Theory]
    [InlineData(CloseFrame.ReasonBytesMax - 1, true)]
    [InlineData(CloseFrame.ReasonBytesMax, true)]
    [InlineData(CloseFrame.ReasonBytesMax + 1, false)]
    public void Close_has_a_reason_of_at_most_256_bytes(int length, bool isValid)
    {
        byte[] buffer = new byte[300];
        WireWriter writer = new(buffer);
        writer.WriteByte((byte)FrameType.TransportClose);
        writer.WriteVarInt(1);
        writer.WriteVarInt((ulong)length);
        _ = writer.Reserve(length);
        Assert.Equal(isValid, ReadHex(Convert.ToHexString(writer.Written), ReadClose) is not null);
    }

    [Fact]
    public void Random_acks_round_trip()
    {
        Prng prng = new(5);
        byte[] buffer = new byte[1024];
        PacketRange[] target = new PacketRange[AckFrame.RangesMax];
        for (int i = 0; i < 1000; i++)
        {
            PacketRange[] ranges = new PacketRange[1 + prng.Next(AckFrame.RangesMax)];
            ulong next = 1UL << (20 + prng.Next(40));
            for (int r = 0; r < ranges.Length; r++)
            {
                ulong largest = next - (ulong)prng.Next(1000);
                ulong smallest = largest - (ulong)prng.Next(1000);
                ranges[r] = new PacketRange(smallest, largest);
                next = smallest - 2;
            }
            AckFrame frame = new(ranges, (ulong)prng.Next(1_000_000));
            WireWriter writer = new(buffer);
            frame.Write(ref writer);
            Assert.Equal(frame.Length, writer.Position);
            WireReader reader = new(writer.Written[1..]);
            Assert.True(AckFrame.TryRead(ref reader, target, out AckFrame read));
            Assert.True(read.Ranges.SequenceEqual(ranges));
            Assert.Equal(frame.DelayMicroseconds, read.DelayMicroseconds);
        }
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        Prng prng = new(9);
        byte[] bytes = new byte[64];
        for (int i = 0; i < 100_000; i++)
        {
            for (int b = 0; b < bytes.Length; b++)
            {
                bytes[b] = (byte)prng.Next(256);
            }
            ReadAll(bytes.AsSpan(0, prng.Next(bytes.Length)));
        }
    }

    [Theory]
    [InlineData(0UL, true, true, 0UL)]
    [InlineData(1UL, false, true, 0UL)]
    [InlineData(6UL, true, false, 1UL)]
    [InlineData(9UL, false, true, 2UL)]
    public void Stream_ids_say_who_opened_what(ulong value, bool byInitiator, bool isBidirectional, ulong index)
    {
        StreamId id = new(value);
        Assert.Equal((byInitiator, isBidirectional, index), (id.IsOpenedByInitiator, id.IsBidirectional, id.Index));
        Assert.Equal(id, StreamId.Create(index, isBidirectional, byInitiator));
    }

    private static void Check(string golden, int length, Writing write, Reading read, object? expected = null)
    {
        byte[] buffer = new byte[1500];
        WireWriter writer = new(buffer);
        write(ref writer);
        Assert.Equal(golden, Convert.ToHexString(writer.Written));
        Assert.Equal(length, writer.Position);
        string? told = ReadHex(golden, read);
        Assert.NotNull(told);
        if (expected is not null)
        {
            Assert.Equal(expected.ToString(), told);
        }
        for (int cut = 1; cut < length; cut++)
        {
            WireReader reader = new(writer.Written[1..cut]);
            Assert.Null(read(writer.Written[0], ref reader));
        }
    }

    private static string? ReadHex(string hex, Reading read)
    {
        byte[] bytes = Convert.FromHexString(hex);
        WireReader reader = new(bytes.AsSpan(1));
        string? told = read(bytes[0], ref reader);
        Assert.True(told is null || reader.IsEmpty, "a frame is read to its end");
        return told;
    }

    private static void ReadAll(ReadOnlySpan<byte> bytes)
    {
        byte type = bytes.IsEmpty ? (byte)0 : bytes[0];
        Reading[] readings =
        [
            ReadAck, ReadStream, ReadClose, ReadMaxStreams, ReadStreamsBlocked, ReadDatagram, ReadHandshake,
            ReadNewConnectionId, ReadRetireConnectionId,
            (byte _, ref WireReader r) => ResetStreamFrame.TryRead(ref r, out ResetStreamFrame f) ? Tell(f) : null,
            (byte _, ref WireReader r) => MaxStreamDataFrame.TryRead(ref r, out MaxStreamDataFrame f) ? Tell(f) : null,
            (byte _, ref WireReader r) => PathResponseFrame.TryRead(ref r, out PathResponseFrame f) ? Tell(f) : null,
        ];
        WireReader observed = new(bytes);
        _ = ObservedAddressFrame.TryRead(ref observed, out _);
        WireReader frequency = new(bytes);
        _ = AckFrequencyFrame.TryRead(ref frequency, out _);
        WireReader reader = new(bytes);
        _ = readings[type % readings.Length](type, ref reader);
    }

    private static Writing Write(PacketRange[] ranges, ulong delay) =>
        (ref WireWriter writer) => new AckFrame(ranges, delay).Write(ref writer);

    private static string? ReadHandshake(byte type, ref WireReader reader) =>
        HandshakeFrame.TryRead((FrameType)type, ref reader, out HandshakeFrame frame)
            ? $"{frame.IsAnswer} {frame.Round} {Convert.ToHexString(frame.Message)}"
            : null;

    private static string? ReadAck(byte type, ref WireReader reader)
    {
        if (!AckFrame.TryRead(ref reader, new PacketRange[AckFrame.RangesMax], out AckFrame frame))
        {
            return null;
        }
        string told = "";
        foreach (PacketRange range in frame.Ranges)
        {
            told += $"{range.Smallest}-{range.Largest} ";
        }
        return told + frame.DelayMicroseconds;
    }

    private static string? ReadStream(byte type, ref WireReader reader) =>
        StreamFrame.TryRead(type, ref reader, out StreamFrame frame)
            ? $"{frame.Id.Value} {frame.Offset} {frame.Priority} {frame.IsFinal} {Convert.ToHexString(frame.Data)}"
            : null;

    private static string? ReadClose(byte type, ref WireReader reader) =>
        CloseFrame.TryRead((FrameType)type, ref reader, out CloseFrame frame)
            ? $"{frame.Origin} {frame.Code} {Convert.ToHexString(frame.Reason)}"
            : null;

    private static string? ReadDatagram(byte type, ref WireReader reader) =>
        DatagramFrame.TryRead(ref reader, out DatagramFrame frame) ? Convert.ToHexString(frame.Data) : null;

    private static string? ReadMaxStreams(byte type, ref WireReader reader) =>
        MaxStreamsFrame.TryRead((FrameType)type, ref reader, out MaxStreamsFrame frame) ? Tell(frame) : null;

    private static string? ReadStreamsBlocked(byte type, ref WireReader reader) =>
        StreamsBlockedFrame.TryRead((FrameType)type, ref reader, out StreamsBlockedFrame frame) ? Tell(frame) : null;

    private static string? ReadNewConnectionId(byte type, ref WireReader reader) =>
        NewConnectionIdFrame.TryRead(ref reader, out NewConnectionIdFrame frame) ? Tell(frame) : null;

    private static string? ReadRetireConnectionId(byte type, ref WireReader reader) =>
        RetireConnectionIdFrame.TryRead(ref reader, out RetireConnectionIdFrame frame) ? Tell(frame) : null;

    private static string? Tell(object frame) => frame.ToString();
}
