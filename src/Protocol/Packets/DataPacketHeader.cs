using System;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Packets;

/// <summary>
/// The header of a data packet, section 5.5: it travels in clear and is authenticated with the frames.
/// </summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |0|1|0 0 0|0|0|K|      destination connection id (8)          ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |        low 32 bits of the packet number                       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |        sealed frames, tag (16)                              ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
/// <param name="Destination">The receiver's name for the session.</param>
/// <param name="KeyPhase">The lowest bit of the phase whose key sealed the packet.</param>
/// <param name="LowPacketNumber">What travels of the packet number; <see cref="PacketNumber"/> restores the
/// rest.</param>
public readonly record struct DataPacketHeader(ConnectionId Destination, byte KeyPhase, uint LowPacketNumber)
{
    public const int Size = 1 + ConnectionId.Size + sizeof(uint);
    private const ulong Window = 1UL << 32;

    /// <summary>Reads the header of a datagram that is long enough to end with a tag.</summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out DataPacketHeader header)
    {
        header = default;
        WireReader reader = new(datagram);
        if (datagram.Length is < Size + PacketProtector.TagSize or > WireLimits.DatagramBytesMax
            || !reader.TryReadByte(out byte flags)
            || (flags & ~PacketFlags.KeyPhaseBit) != PacketFlags.Of(PacketType.Data)
            || !ConnectionId.TryRead(ref reader, out ConnectionId destination)
            || !reader.TryReadUInt32(out uint low))
        {
            return false;
        }

        header = new DataPacketHeader(destination, (byte)(flags & PacketFlags.KeyPhaseBit), low);
        return true;
    }

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)(PacketFlags.Of(PacketType.Data) | KeyPhase));
        Destination.Write(ref writer);
        writer.WriteUInt32(LowPacketNumber);
    }

    /// <summary>
    /// The packet number nearest to the expected one that ends in the low bits (RFC 9000, appendix A.3).
    /// </summary>
    /// <param name="expected">One more than the largest packet number opened so far.</param>
    public ulong PacketNumber(ulong expected)
    {
        ulong candidate = (expected & ~(Window - 1)) | LowPacketNumber;
        if (candidate + (Window / 2) <= expected && candidate <= WireLimits.PacketNumberMax - Window)
        {
            return candidate + Window;
        }

        return candidate > expected + (Window / 2) && candidate >= Window ? candidate - Window : candidate;
    }
}
