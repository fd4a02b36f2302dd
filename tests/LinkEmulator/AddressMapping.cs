using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Darkbloom.LinkEmulator;

/// <summary>A NAT's mapping of UDP over IPv4, changed at will: what a router does when it restarts or forgets.</summary>
/// <remarks>
/// Packets outward get another source, packets inward to that source get it back. What comes for a mapping of before is
/// dropped in silence. Until the first change, every packet passes as it is.
/// </remarks>
public sealed class AddressMapping
{
    private const int ProtocolUdp = 17;
    private const int ProtocolAt = 9;
    private const int HeaderChecksumAt = 10;
    private const int SourceAt = 12;
    private const int DestinationAt = 16;
    private const int UdpChecksumAt = 6;
    private const int PortMin = 1024;

    /// <summary>How far apart the ports of consecutive mappings are: a prime, so that they don't meet again soon.</summary>
    private const int PortStep = 1009;

    private readonly HashSet<ushort> _inside = [];
    private int _portShift;
    private uint _address;
    private uint _own; // the inside's address, from its last packet

    /// <summary>Gives every flow another source port, and another source address where one is given.</summary>
    /// <param name="address">In host order; 0 keeps each packet's own.</param>
    public void Change(uint address = 0)
    {
        _portShift += PortStep;
        _address = address;
        _inside.Clear();
    }

    /// <summary>Rewrites a packet from the inside.</summary>
    public void Outward(Span<byte> packet)
    {
        if (_portShift == 0 || !TryFindUdp(packet, out int udp))
        {
            return;
        }
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(packet[udp..]);
        _ = _inside.Add(port);
        _own = BinaryPrimitives.ReadUInt32BigEndian(packet[SourceAt..]);
        Replace(packet, udp, SourceAt, _address == 0 ? _own : _address, udp, Shift(port, _portShift));
    }

    /// <summary>Rewrites a packet from the outside; false if no flow of the inside has this mapping.</summary>
    public bool TryInward(Span<byte> packet)
    {
        if (_portShift == 0 || !TryFindUdp(packet, out int udp))
        {
            return true;
        }
        ushort port = Shift(BinaryPrimitives.ReadUInt16BigEndian(packet[(udp + 2)..]), -_portShift);
        if (!_inside.Contains(port) || (_address != 0 && BinaryPrimitives.ReadUInt32BigEndian(packet[DestinationAt..]) != _address))
        {
            return false;
        }
        Replace(packet, udp, DestinationAt, _own, udp + 2, port);
        return true;
    }

    private static ushort Shift(ushort port, int by)
    {
        int range = ushort.MaxValue + 1 - PortMin;
        return port < PortMin ? port : (ushort)(PortMin + ((port - PortMin + by) % range + range) % range);
    }

    /// <summary>Later fragments have no ports; nothing here sends any.</summary>
    private static bool TryFindUdp(ReadOnlySpan<byte> packet, out int udp)
    {
        udp = packet.IsEmpty ? 0 : (packet[0] & 0x0F) * 4;
        return packet.Length >= udp + 8 && packet[0] >> 4 == 4 && packet[ProtocolAt] == ProtocolUdp;
    }

    private static void Replace(Span<byte> packet, int udp, int addressAt, uint address, int portAt, ushort port)
    {
        uint oldAddress = BinaryPrimitives.ReadUInt32BigEndian(packet[addressAt..]);
        ushort oldPort = BinaryPrimitives.ReadUInt16BigEndian(packet[portAt..]);
        BinaryPrimitives.WriteUInt32BigEndian(packet[addressAt..], address);
        BinaryPrimitives.WriteUInt16BigEndian(packet[portAt..], port);
        Span<byte> header = packet[HeaderChecksumAt..];
        ushort checksum = BinaryPrimitives.ReadUInt16BigEndian(header);
        BinaryPrimitives.WriteUInt16BigEndian(header, Update(Update(checksum, oldAddress >> 16, address >> 16), oldAddress, address));
        Span<byte> datagram = packet[(udp + UdpChecksumAt)..];
        checksum = BinaryPrimitives.ReadUInt16BigEndian(datagram);
        if (checksum != 0) // 0 says that the sender computed none
        {
            checksum = Update(Update(Update(checksum, oldAddress >> 16, address >> 16), oldAddress, address), oldPort, port);
            BinaryPrimitives.WriteUInt16BigEndian(datagram, checksum == 0 ? ushort.MaxValue : checksum);
        }
    }

    /// <summary>RFC 1624, equation 3, over the lower 16 bits of each value.</summary>
    private static ushort Update(ushort checksum, uint before, uint after)
    {
        uint sum = (~(uint)checksum & 0xFFFF) + (~before & 0xFFFF) + (after & 0xFFFF);
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)(~sum & 0xFFFF);
    }
}
