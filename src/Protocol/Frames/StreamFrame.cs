using System;
using System.Diagnostics;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>STREAM, section 6.6: bytes of one stream at their offset, and perhaps its end.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |0 0 1 0|PRI|O|F|                stream id (i)                ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |          [offset (i), if O]         |       length (i)      ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                          data (length bytes)                ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// type: 0x20..0x2F    PRI: priority 0..3, the opener's choice, for both directions
/// O:    an offset follows, else it is 0    F: the stream ends after this data
/// </code>
/// The priority rides in each frame so that the first one to arrive tells it, whichever that is.
/// </remarks>
public readonly ref struct StreamFrame(StreamId id, ulong offset, int priority, bool isFinal, ReadOnlySpan<byte> data)
{
    public const int PriorityMax = 3;

    private const byte FinalBit = 0x01;
    private const byte OffsetBit = 0x02;
    private const int PriorityShift = 2;

    public StreamId Id { get; } = id;

    public ulong Offset { get; } = offset;

    public int Priority { get; } = priority;

    public bool IsFinal { get; } = isFinal;

    public ReadOnlySpan<byte> Data { get; } = data;

    public int Length => HeaderLength(Id, Offset, Data.Length) + Data.Length;

    /// <summary>Bytes before the data.</summary>
    public static int HeaderLength(StreamId id, ulong offset, int dataLength) =>
        1 + id.Length + (offset == 0 ? 0 : VarInt.Length(offset)) + VarInt.Length((ulong)dataLength);

    /// <summary>Reads what follows the type; an offset whose end exceeds 62 bits is an encoding error.</summary>
    public static bool TryRead(byte type, ref WireReader reader, out StreamFrame frame)
    {
        frame = default;
        ulong offset = 0;
        if (!StreamId.TryRead(ref reader, out StreamId id)
            || ((type & OffsetBit) != 0 && !reader.TryReadVarInt(out offset))
            || !reader.TryReadVarInt(out ulong length) || length > (ulong)reader.Remaining
            || offset + length > VarInt.MaxValue || !reader.TryReadBytes((int)length, out ReadOnlySpan<byte> data))
        {
            return false;
        }
        frame = new StreamFrame(id, offset, (type >> PriorityShift) & PriorityMax, (type & FinalBit) != 0, data);
        return true;
    }

    public void Write(ref WireWriter writer) =>
        Data.CopyTo(WriteHeader(ref writer, Id, Offset, Priority, IsFinal, Data.Length));

    /// <summary>Writes all but the data and returns the room for it, to be filled straight from a send buffer.</summary>
    public static Span<byte> WriteHeader(
        ref WireWriter writer, StreamId id, ulong offset, int priority, bool isFinal, int dataLength)
    {
        Debug.Assert(priority is >= 0 and <= PriorityMax, "The priority has two bits.");
        int flags = (priority << PriorityShift) | (offset == 0 ? 0 : OffsetBit) | (isFinal ? FinalBit : 0);
        writer.WriteByte((byte)((byte)FrameType.Stream | flags));
        writer.WriteVarInt(id.Value);
        if (offset != 0)
        {
            writer.WriteVarInt(offset);
        }
        writer.WriteVarInt((ulong)dataLength);
        return writer.Reserve(dataLength);
    }
}
