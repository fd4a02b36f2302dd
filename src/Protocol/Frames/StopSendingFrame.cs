using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>STOP_SENDING, section 6.5: the receiver no longer reads the stream and asks its sender to reset it.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0x05 |                stream id (i)                ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                     application code (i)                    ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly record struct StopSendingFrame(StreamId Id, ulong Code)
{
    public int Length => 1 + Id.Length + VarInt.Length(Code);

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(ref WireReader reader, out StopSendingFrame frame)
    {
        if (StreamId.TryRead(ref reader, out StreamId id) && reader.TryReadVarInt(out ulong value))
        {
            frame = new StopSendingFrame(id, value);
            return true;
        }
        frame = default;
        return false;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.StopSending);
        writer.WriteVarInt(Id.Value);
        writer.WriteVarInt(Code);
    }
}
