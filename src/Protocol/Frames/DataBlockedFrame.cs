using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>DATA_BLOCKED, section 6.10: the sender has bytes that MAX_DATA holds back.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0x14 |         limit that stopped it (i)           ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly record struct DataBlockedFrame(ulong Limit)
{
    public int Length => 1 + VarInt.Length(Limit);

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(ref WireReader reader, out DataBlockedFrame frame)
    {
        bool read = reader.TryReadVarInt(out ulong value);
        frame = new DataBlockedFrame(value);
        return read;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.DataBlocked);
        writer.WriteVarInt(Limit);
    }
}
