using System;
using System.Linq;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Darkbloom.Protocol.Tests.Packets;

public sealed class PacketTests
{
    private static readonly ConnectionId Source = new(0x0102030405060708);
    private static readonly ConnectionId Destination = new(0x1112131415161718);
    private static readonly byte[] Cookie = [.. Enumerable.Range(0x10, RetryCookie.Size).Select(i => (byte)i)];
    private static readonly byte[] Message = [10, 11, 12];

    private readonly HandshakeMac _mac = new(ResponderKey());

    [Fact]
    public void Init_has_its_golden_bytes()
    {
        byte[] datagram = WriteInit(Message);
        Assert.Equal(WireLimits.InitBytesMin, datagram.Length);
        Assert.Equal(
            "48010102030405060708101112131415161718191a1b1c1d1e1f00030a0b0c", Convert.ToHexStringLower(datagram.AsSpan(0, 31)));
        Assert.False(datagram.AsSpan(31..^HandshakeMac.Size).ContainsAnyExcept((byte)0));
        Assert.Equal(KnownAnswers.InitPacketMac, InitPacket.Mac(datagram).ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1156)]
    [InlineData(1157)]
    [InlineData(1408)]
    public void Init_round_trips_at_every_size(int messageLength)
    {
        byte[] message = RandomBytes.Next(new Prng(1), messageLength);
        byte[] datagram = WriteInit(message);
        Assert.Equal(Math.Max(WireLimits.InitBytesMin, messageLength + 44), datagram.Length);
        Assert.True(InitPacket.TryRead(datagram, _mac, out InitPacket packet));
        Assert.Equal(Source, packet.Source);
        Assert.Equal(Cookie, packet.Cookie.ToArray());
        Assert.Equal(message, packet.Message.ToArray());
    }

    [Fact]
    public void Init_larger_than_a_datagram_is_the_callers_fault() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => WriteInit(new byte[1409]));

    [Fact]
    public void Init_for_another_responder_or_with_any_flipped_byte_is_refused()
    {
        byte[] datagram = WriteInit(Message);
        using PeerIdentity other = TestKeys.FreshIdentity();
        Assert.False(InitPacket.TryRead(datagram, new HandshakeMac(other.PublicKey), out _));
        for (int i = 0; i < datagram.Length; i++)
        {
            datagram[i] ^= 0x80;
            Assert.False(InitPacket.TryRead(datagram, _mac, out _));
            datagram[i] ^= 0x80;
        }
    }

    [Fact]
    public void Init_with_a_right_mac_over_wrong_bytes_is_refused()
    {
        Assert.False(ReadsAfter(datagram => datagram[1] = 2));
        Assert.False(ReadsAfter(datagram => datagram[0] = 0x49));
        Assert.False(ReadsAfter(datagram => datagram[100] = 1));
        Assert.False(ReadsAfter(datagram => datagram[26] = 0xFF));
        Assert.True(ReadsAfter(datagram => datagram[28] = 1));
    }

    [Fact]
    public void Truncated_and_oversized_inits_are_refused()
    {
        byte[] datagram = WriteInit(Message);
        for (int length = 0; length < datagram.Length; length++)
        {
            Assert.False(InitPacket.TryRead(datagram.AsSpan(0, length), _mac, out _));
        }

        for (int length = WireLimits.DatagramBytesOfEthernet - 1; length <= WireLimits.DatagramBytesOfEthernet + 1; length++)
        {
            byte[] padded = new byte[length];
            datagram.AsSpan(0, 31).CopyTo(padded);
            _mac.Write(padded.AsSpan(..^HandshakeMac.Size), padded.AsSpan(^HandshakeMac.Size..));
            Assert.Equal(length <= WireLimits.DatagramBytesOfEthernet, InitPacket.TryRead(padded, _mac, out _));
        }
    }

    [Fact]
    public void Init_of_the_largest_payload_fits_every_path() =>
        Assert.Equal(
            WireLimits.InitBytesMin,
            new InitPacket(Source, Cookie, new byte[InitiatorHandshake.InitLength(WireLimits.HandshakePayloadBytesMax)]).Length);

    [Fact]
    public void Response_of_the_largest_payload_is_not_larger_than_an_init() =>
        Assert.True(
            new ResponsePacket(
                Destination, Source, new byte[ResponderHandshake.ResponseLength(WireLimits.HandshakePayloadBytesMax)]).Length
            <= WireLimits.InitBytesMin);

    [Fact]
    public void Response_has_its_golden_bytes_and_round_trips()
    {
        ResponsePacket written = new(Destination, Source, Message);
        byte[] datagram = new byte[written.Length];
        WireWriter writer = new(datagram);
        written.Write(ref writer);
        Assert.Equal("50111213141516171801020304050607080a0b0c", Convert.ToHexStringLower(datagram));
        Assert.True(ResponsePacket.TryRead(datagram, out ResponsePacket packet));
        Assert.Equal(Destination, packet.Destination);
        Assert.Equal(Source, packet.Source);
        Assert.Equal(Message, packet.Message.ToArray());
        for (int length = 0; length < 17; length++)
        {
            Assert.False(ResponsePacket.TryRead(datagram.AsSpan(0, length), out _));
        }

        datagram[0] ^= 1;
        Assert.False(ResponsePacket.TryRead(datagram, out _));
        Assert.False(ResponsePacket.TryRead([0x50, .. new byte[WireLimits.DatagramBytesOfEthernet]], out _));
        Assert.True(ResponsePacket.TryRead([0x50, .. new byte[WireLimits.DatagramBytesOfEthernet - 1]], out _));
    }

    [Fact]
    public void Both_handshake_packets_begin_with_the_header_that_the_handshake_binds()
    {
        byte[] initHeader = new byte[InitPacket.HeaderBytes];
        InitPacket.WriteHeader(Source, initHeader);
        Assert.Equal(KnownAnswers.InitHeader, initHeader);
        Assert.Equal(initHeader, WriteInit(Message)[..initHeader.Length]);

        ResponsePacket response = new(Source, Destination, Message);
        byte[] datagram = new byte[response.Length];
        WireWriter writer = new(datagram);
        response.Write(ref writer);
        byte[] responseHeader = new byte[ResponsePacket.HeaderBytes];
        ResponsePacket.WriteHeader(Source, Destination, responseHeader);
        Assert.Equal(KnownAnswers.ResponseHeader, responseHeader);
        Assert.Equal(responseHeader, datagram[..^Message.Length]);
    }

    [Fact]
    public void Retry_has_its_golden_bytes_and_round_trips()
    {
        byte[] datagram = new byte[RetryPacket.Length];
        new RetryPacket(Source, Cookie).Write(datagram, _mac, KnownAnswers.InitPacketMac);
        Assert.Equal(KnownAnswers.RetryPacket, datagram);
        Assert.True(RetryPacket.TryReadDestination(datagram, out ConnectionId destination));
        Assert.Equal(Source, destination);
        Assert.True(RetryPacket.TryRead(datagram, _mac, KnownAnswers.InitPacketMac, out RetryPacket packet));
        Assert.Equal(Source, packet.Destination);
        Assert.Equal(Cookie, packet.Cookie.ToArray());
    }

    [Fact]
    public void Retry_by_someone_who_did_not_see_the_init_is_refused()
    {
        byte[] datagram = new byte[RetryPacket.Length];
        new RetryPacket(Source, Cookie).Write(datagram, _mac, new byte[HandshakeMac.Size]);
        Assert.False(RetryPacket.TryRead(datagram, _mac, KnownAnswers.InitPacketMac, out _));
        byte[] genuine = [.. KnownAnswers.RetryPacket];
        for (int i = 0; i < genuine.Length; i++)
        {
            Assert.False(RetryPacket.TryRead(genuine.AsSpan(0, i), _mac, KnownAnswers.InitPacketMac, out _));
            genuine[i] ^= 1;
            Assert.False(RetryPacket.TryRead(genuine, _mac, KnownAnswers.InitPacketMac, out _));
            genuine[i] ^= 1;
        }
    }

    [Fact]
    public void Data_header_has_its_golden_bytes_and_round_trips()
    {
        byte[] datagram = new byte[DataPacketHeader.Size + PacketProtector.TagSize];
        DataPacketHeader written = new(Source, 1, 0xA1B2C3D4);
        WireWriter writer = new(datagram);
        written.Write(ref writer);
        Assert.Equal("410102030405060708a1b2c3d4", Convert.ToHexStringLower(datagram.AsSpan(0, DataPacketHeader.Size)));
        Assert.True(DataPacketHeader.TryRead(datagram, out DataPacketHeader header));
        Assert.Equal(written, header);
        for (int length = 0; length < datagram.Length; length++)
        {
            Assert.False(DataPacketHeader.TryRead(datagram.AsSpan(0, length), out _));
        }

        Assert.False(DataPacketHeader.TryRead([0x40, .. new byte[WireLimits.DatagramBytesMax]], out _));
        Assert.True(DataPacketHeader.TryRead([0x40, .. new byte[WireLimits.DatagramBytesMax - 1]], out _));
    }

    [Fact]
    public void Only_five_first_bytes_belong_to_this_protocol()
    {
        int accepted = 0;
        for (int first = 0; first <= byte.MaxValue; first++)
        {
            if (PacketFlags.TryRead([(byte)first], out PacketType type))
            {
                accepted++;
                Assert.Equal(first & 0x78, 0x40 | ((int)type << 3));
            }
        }

        Assert.Equal(5, accepted);
        Assert.False(PacketFlags.TryRead([], out _));
    }

    /// <summary>
    /// RFC 9000, appendix A.3, gives this example for 16 bits; the low 32 bits of its numbers serve as well.
    /// </summary>
    [Fact]
    public void Packet_number_of_the_rfc_is_restored() =>
        Assert.Equal(0xA82F9B32UL, new DataPacketHeader(default, 0, 0xA82F9B32).PacketNumber(0xA82F30EB));

    [Fact]
    public void Packet_number_is_restored_anywhere_within_half_a_window()
    {
        Property property = Prop.ForAll(
            ArbMap.Default.ArbFor<ulong>(),
            ArbMap.Default.ArbFor<int>(),
            (anywhere, offset) =>
            {
                ulong expected = anywhere & WireLimits.PacketNumberMax;
                long number = (long)expected + offset;
                return number < 0 || (ulong)number > WireLimits.PacketNumberMax || (long)offset == -(1L << 31)
                    || new DataPacketHeader(default, 0, unchecked((uint)number)).PacketNumber(expected) == (ulong)number;
            });
        property.QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(0UL, 0U, 0UL)]
    [InlineData(0UL, uint.MaxValue, uint.MaxValue)]
    [InlineData(1UL << 31, 0U, 1UL << 32)]
    [InlineData((1UL << 31) - 1, 0U, 0UL)]
    [InlineData(1UL << 32, 1U << 31, (1UL << 32) + (1UL << 31))]
    [InlineData(1UL << 32, (1U << 31) + 1, (1UL << 31) + 1)]
    [InlineData(1UL << 32, uint.MaxValue, uint.MaxValue)]
    [InlineData((1UL << 62) - 1, 0U, (1UL << 62) - (1UL << 32))]
    public void Packet_number_at_the_edges(ulong expected, uint low, ulong number) =>
        Assert.Equal(number, new DataPacketHeader(default, 0, low).PacketNumber(expected));

    [Fact]
    public void Random_bytes_never_throw()
    {
        Prng prng = new(3);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] datagram = RandomBytes.Next(prng, prng.Next(WireLimits.DatagramBytesMax + 10));
            if (datagram.Length > 0)
            {
                datagram[0] = (byte)(0x40 | (datagram[0] & 0x19));
            }

            _ = PacketFlags.TryRead(datagram, out _);
            _ = DataPacketHeader.TryRead(datagram, out _);
            _ = ResponsePacket.TryRead(datagram, out _);
            Assert.False(InitPacket.TryRead(datagram, _mac, out _));
            Assert.False(RetryPacket.TryRead(datagram, _mac, KnownAnswers.InitPacketMac, out _));
        }
    }

    [Fact]
    public void Reading_and_writing_headers_allocates_nothing()
    {
        byte[] datagram = WriteInit(Message);
        byte[] data = [0x40, .. new byte[100]];
        long allocated = 0;
        for (int round = 0; round < 3; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
            {
                _ = InitPacket.TryRead(datagram, _mac, out _);
                _ = DataPacketHeader.TryRead(data, out DataPacketHeader header);
                WireWriter writer = new(data);
                header.Write(ref writer);
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
    }

    private static PublicKey ResponderKey()
    {
        _ = PublicKey.TryRead(KnownAnswers.ResponderStatic.AsSpan(UInt256.Size), out PublicKey key);
        return key;
    }

    private byte[] WriteInit(byte[] message)
    {
        InitPacket packet = new(Source, Cookie, message);
        byte[] datagram = new byte[packet.Length];
        Assert.Equal(datagram.Length, packet.Write(datagram, _mac));
        return datagram;
    }

    /// <summary>Whether an Init still reads after a change, with its mac made right again.</summary>
    private bool ReadsAfter(Action<byte[]> change)
    {
        byte[] datagram = WriteInit(Message);
        change(datagram);
        _mac.Write(datagram.AsSpan(..^HandshakeMac.Size), datagram.AsSpan(^HandshakeMac.Size..));
        return InitPacket.TryRead(datagram, _mac, out _);
    }
}
