using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>MAX_STREAMS, section 6.9: how many streams of one kind the peer may have opened since the beginning.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |0 0 0 1 0 0 1|U|                 streams (i)                 ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// U: 0 = bidirectional streams (0x12), 1 = unidirectional ones (0x13)
/// </code>
/// </remarks>
public readonly record struct MaxStreamsFrame(bool IsBidirectional, ulong Maximum)
{
    public int Length => 1 + VarInt.Length(Maximum);

    /// <summary>Reads what follows the type; more streams than ids can number is an encoding error.</summary>
    public static bool TryRead(FrameType type, ref WireReader reader, out MaxStreamsFrame frame)
    {
        bool read = reader.TryReadVarInt(out ulong value) && value <= StreamId.IndexMax;
        frame = new MaxStreamsFrame(type == FrameType.MaxStreamsBidirectional, value);
        return read;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)(IsBidirectional ? FrameType.MaxStreamsBidirectional : FrameType.MaxStreamsUnidirectional));
        writer.WriteVarInt(Maximum);
    }
}
