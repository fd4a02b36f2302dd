using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Packets;

/// <summary>What a datagram may hold, wherever it comes from (docs/protocol.md, section 10).</summary>
public static class WireLimits
{
    /// <summary>The largest UDP payload: a jumbo frame's 9,000 bytes less the headers of IPv6 and UDP.</summary>
    public const int DatagramBytesMax = 8952;

    /// <summary>
    /// The same of an Ethernet frame's 1,500 bytes: handshake packets are never larger, nor any on a path through the Internet.
    /// </summary>
    public const int DatagramBytesOfEthernet = 1452;

    /// <summary>
    /// Every path carries datagrams of this size; an Init fills one, so no answer to it can be larger.
    /// </summary>
    public const int DatagramBytesMin = 1200;

    /// <summary>The shortest Init that is answered.</summary>
    public const int InitBytesMin = DatagramBytesMin;

    /// <summary>Payload of either handshake message: what an Init of <see cref="InitBytesMin"/> has room for.</summary>
    public const int HandshakePayloadBytesMax = 996;

    /// <summary>A ticket with its signatures, so that it fits a handshake payload beside the parameters.</summary>
    public const int TicketBytesMax = 900;

    /// <summary>Packet numbers travel in acknowledgements as 62-bit integers.</summary>
    public const ulong PacketNumberMax = VarInt.MaxValue;

    /// <summary>Connection ids of one side that the other holds at once, that of the handshake included.</summary>
    public const int ConnectionIdsMax = 4;

    /// <summary>Header and tag of a data packet: what a datagram doesn't carry for its frames.</summary>
    public const int DataOverheadBytes = DataPacketHeader.Size + PacketProtector.TagSize;
}
