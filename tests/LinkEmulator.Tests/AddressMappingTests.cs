using System;
using System.Buffers.Binary;
using System.Linq;
using Xunit;

namespace Darkbloom.LinkEmulator.Tests;

/// <summary>A NAT that changes its mind: ports, addresses, and the checksums over both.</summary>
public sealed class AddressMappingTests
{
    private const uint Inside = 0x0A4D0001;
    private const uint Outside = 0x0A4D0002;
    private const uint Elsewhere = 0x0A4D0063;

    [Fact]
    public void Before_the_first_change_packets_pass_as_they_are()
    {
        AddressMapping mapping = new();
        byte[] packet = Packet(Inside, 4000, Outside, 9000);
        byte[] before = [.. packet];

        mapping.Outward(packet);

        Assert.Equal(before, packet);
        Assert.True(mapping.TryInward(packet));
        Assert.Equal(before, packet);
    }

    [Theory]
    [InlineData(0u, 4000)]
    [InlineData(Elsewhere, 4000)]
    [InlineData(Elsewhere, 65_535)]
    [InlineData(Elsewhere, 1024)]
    public void After_a_change_a_flow_comes_from_elsewhere_and_gets_its_answers(uint address, ushort port)
    {
        AddressMapping mapping = new();
        mapping.Change(address);
        byte[] packet = Packet(Inside, port, Outside, 9000);

        mapping.Outward(packet);

        (uint seenAddress, ushort seenPort) = Source(packet);
        Assert.Equal(address == 0 ? Inside : address, seenAddress);
        Assert.NotEqual(port, seenPort);
        AssertChecksums(packet);

        byte[] answer = Packet(Outside, 9000, seenAddress, seenPort);
        Assert.True(mapping.TryInward(answer));
        Assert.Equal(Packet(Outside, 9000, Inside, port), answer);
    }

    [Fact]
    public void Answers_to_an_old_mapping_are_lost()
    {
        AddressMapping mapping = new();
        mapping.Change();
        byte[] first = Packet(Inside, 4000, Outside, 9000);
        mapping.Outward(first);

        mapping.Change();
        byte[] second = Packet(Inside, 4000, Outside, 9000);
        mapping.Outward(second);

        Assert.NotEqual(Source(first), Source(second));
        Assert.False(mapping.TryInward(Packet(Outside, 9000, Inside, Source(first).Port)));
        Assert.True(mapping.TryInward(Packet(Outside, 9000, Inside, Source(second).Port)));
    }

    [Fact]
    public void A_datagram_without_a_checksum_keeps_none()
    {
        AddressMapping mapping = new();
        mapping.Change(Elsewhere);
        byte[] packet = Packet(Inside, 4000, Outside, 9000);
        packet[26] = packet[27] = 0;

        mapping.Outward(packet);

        Assert.Equal(0, BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(26)));
    }

    [Fact]
    public void What_is_not_UDP_over_IPv4_passes()
    {
        AddressMapping mapping = new();
        mapping.Change(Elsewhere);
        byte[] tcp = Packet(Inside, 4000, Outside, 9000);
        tcp[9] = 6;
        foreach (byte[] packet in new[] { tcp, [], [0x60], [0x45, 0, 0] })
        {
            byte[] before = [.. packet];
            mapping.Outward(packet);
            Assert.Equal(before, packet);
            Assert.True(mapping.TryInward(packet));
        }
    }

    private static (uint Address, ushort Port) Source(byte[] packet) =>
        (BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(12)), BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(20)));

    /// <summary>An IPv4 header, a UDP header and five bytes.</summary>
    private static byte[] Packet(uint source, ushort sourcePort, uint destination, ushort destinationPort)
    {
        byte[] packet = new byte[33];
        packet[0] = 0x45;
        packet[3] = (byte)packet.Length;
        packet[8] = 64;
        packet[9] = 17;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), source);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), destination);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), destinationPort);
        packet[25] = 13;
        "hello"u8.CopyTo(packet.AsSpan(28));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Checksum(packet.AsSpan(0, 20)));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(26), Checksum(Covered(packet)));
        return packet;
    }

    private static void AssertChecksums(byte[] packet)
    {
        Assert.Equal(0, Checksum(packet.AsSpan(0, 20)));
        Assert.Equal(0, Checksum(Covered(packet)));
    }

    /// <summary>What UDP's checksum covers: addresses, protocol and length, then header and data.</summary>
    private static byte[] Covered(byte[] packet) => [.. packet[12..20], 0, 17, 0, 13, .. packet[20..]];

    private static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        byte[] even = bytes.Length % 2 == 0 ? bytes.ToArray() : [.. bytes, 0];
        uint sum = Enumerable.Range(0, even.Length / 2).Aggregate(0u, (total, i) => total + BinaryPrimitives.ReadUInt16BigEndian(even.AsSpan(2 * i)));
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)(~sum & 0xFFFF);
    }
}
