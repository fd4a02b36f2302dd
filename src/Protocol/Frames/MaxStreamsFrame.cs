using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>MAX_STREAMS, section 6.9: how many bidirectional streams the peer may have opened since the beginning.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0x12 |                 streams (i)                 ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly record struct MaxStreamsFrame(ulong Maximum)
{
    public int Length => 1 + VarInt.Length(Maximum);

    /// <summary>Reads what follows the type; more streams than ids can number is an encoding error.</summary>
    public static bool TryRead(ref WireReader reader, out MaxStreamsFrame frame)
    {
        bool read = reader.TryReadVarInt(out ulong value) && value <= StreamId.IndexMax;
        frame = new MaxStreamsFrame(value);
        return read;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.MaxStreams);
        writer.WriteVarInt(Maximum);
    }
}
