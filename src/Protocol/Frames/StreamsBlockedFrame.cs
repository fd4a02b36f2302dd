using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>STREAMS_BLOCKED, section 6.12: the sender wants a stream that MAX_STREAMS holds back.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0x16 |         limit that stopped it (i)           ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly record struct StreamsBlockedFrame(ulong Limit)
{
    public int Length => 1 + VarInt.Length(Limit);

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(ref WireReader reader, out StreamsBlockedFrame frame)
    {
        bool read = reader.TryReadVarInt(out ulong value);
        frame = new StreamsBlockedFrame(value);
        return read;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.StreamsBlocked);
        writer.WriteVarInt(Limit);
    }
}
