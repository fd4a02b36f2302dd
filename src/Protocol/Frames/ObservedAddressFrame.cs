using System;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>OBSERVED_ADDRESS, section 6.16: the address that the peer's packets come from, as seen from here.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0x1E |          sequence number (i)                ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |        IPv6 address (16 bytes; IPv4 as ::ffff:a.b.c.d)      ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |              port             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// The highest sequence number wins, since frames may overtake each other. The address is a claim: one peer alone
/// proves nothing.
/// </remarks>
public readonly record struct ObservedAddressFrame(ulong Sequence, PathAddress Address)
{
    public int Length => 1 + VarInt.Length(Sequence) + 16 + sizeof(ushort);

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(ref WireReader reader, out ObservedAddressFrame frame)
    {
        if (reader.TryReadVarInt(out ulong sequence) && reader.TryReadUInt64(out ulong high)
            && reader.TryReadUInt64(out ulong low) && reader.TryReadUInt16(out ushort port))
        {
            frame = new ObservedAddressFrame(sequence, new PathAddress(new UInt128(high, low), port));
            return true;
        }
        frame = default;
        return false;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.ObservedAddress);
        writer.WriteVarInt(Sequence);
        writer.WriteUInt64((ulong)(Address.Address >> 64));
        writer.WriteUInt64((ulong)(Address.Address & ulong.MaxValue));
        writer.WriteUInt16(Address.Port);
    }
}
