using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>STREAM_DATA_BLOCKED, section 6.11: the sender has bytes that MAX_STREAM_DATA holds back.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0x15 |                stream id (i)                ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                   limit that stopped it (i)                 ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly record struct StreamDataBlockedFrame(StreamId Id, ulong Limit)
{
    public int Length => 1 + Id.Length + VarInt.Length(Limit);

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(ref WireReader reader, out StreamDataBlockedFrame frame)
    {
        if (StreamId.TryRead(ref reader, out StreamId id) && reader.TryReadVarInt(out ulong value))
        {
            frame = new StreamDataBlockedFrame(id, value);
            return true;
        }
        frame = default;
        return false;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.StreamDataBlocked);
        writer.WriteVarInt(Id.Value);
        writer.WriteVarInt(Limit);
    }
}
