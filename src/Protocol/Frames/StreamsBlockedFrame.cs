using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>STREAMS_BLOCKED, section 6.12: the sender wants a stream of a kind that MAX_STREAMS holds back.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |0 0 0 1 0 1 1|U|         limit that stopped it (i)           ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// U: 0 = bidirectional streams (0x16), 1 = unidirectional ones (0x17)
/// </code>
/// </remarks>
public readonly record struct StreamsBlockedFrame(bool IsBidirectional, ulong Limit)
{
    public int Length => 1 + VarInt.Length(Limit);

    /// <summary>Reads what follows the type; a limit above what ids can number is an encoding error.</summary>
    public static bool TryRead(FrameType type, ref WireReader reader, out StreamsBlockedFrame frame)
    {
        bool read = reader.TryReadVarInt(out ulong value) && value <= StreamId.IndexMax;
        frame = new StreamsBlockedFrame(type == FrameType.StreamsBlockedBidirectional, value);
        return read;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)(IsBidirectional ? FrameType.StreamsBlockedBidirectional : FrameType.StreamsBlockedUnidirectional));
        writer.WriteVarInt(Limit);
    }
}
