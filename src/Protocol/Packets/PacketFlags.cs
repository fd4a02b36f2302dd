using System;

namespace Darkbloom.Protocol.Packets;

/// <summary>A datagram's first byte, section 5.1.</summary>
/// <remarks>
/// <code>
///  0 1 2 3 4 5 6 7
/// +-+-+-+-+-+-+-+-+
/// |0|1|type |0|0|K|    K: key phase, in data packets only
/// +-+-+-+-+-+-+-+-+
/// </code>
/// The fixed 01 keeps it apart from STUN, DTLS and RTP on a shared port (RFC 7983).
/// </remarks>
public static class PacketFlags
{
    internal const byte KeyPhaseBit = 0x01;
    private const byte FixedBits = 0x40;
    private const int TypeShift = 3;

    /// <summary>False for anything that no peer of this version sends.</summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out PacketType type)
    {
        type = default;
        if (datagram.IsEmpty)
        {
            return false;
        }

        byte first = datagram[0];
        type = (PacketType)((first >> TypeShift) & 7);
        byte free = type == PacketType.Data ? KeyPhaseBit : (byte)0;
        return type <= PacketType.Retry && (first & ~free) == Of(type);
    }

    internal static byte Of(PacketType type) => (byte)(FixedBits | ((int)type << TypeShift));
}
