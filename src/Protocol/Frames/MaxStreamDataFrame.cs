using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>MAX_STREAM_DATA, section 6.8: up to which offset the peer may send on one stream.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0x11 |                stream id (i)                ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                     bytes on the stream (i)                 ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly record struct MaxStreamDataFrame(StreamId Id, ulong Maximum)
{
    public int Length => 1 + Id.Length + VarInt.Length(Maximum);

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(ref WireReader reader, out MaxStreamDataFrame frame)
    {
        if (StreamId.TryRead(ref reader, out StreamId id) && reader.TryReadVarInt(out ulong value))
        {
            frame = new MaxStreamDataFrame(id, value);
            return true;
        }
        frame = default;
        return false;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.MaxStreamData);
        writer.WriteVarInt(Id.Value);
        writer.WriteVarInt(Maximum);
    }
}
