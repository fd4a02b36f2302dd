using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>RESET_STREAM, section 6.4: the sender gives the stream up; what had not arrived never will.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0x04 |                stream id (i)                ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |         application code (i)        |     final size (i)    ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// final size: bytes sent before the reset; both sides count them as flow-controlled
/// </code>
/// </remarks>
public readonly record struct ResetStreamFrame(StreamId Id, ulong Code, ulong FinalSize)
{
    public int Length => 1 + Id.Length + VarInt.Length(Code) + VarInt.Length(FinalSize);

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(ref WireReader reader, out ResetStreamFrame frame)
    {
        if (StreamId.TryRead(ref reader, out StreamId id) && reader.TryReadVarInt(out ulong code)
            && reader.TryReadVarInt(out ulong finalSize))
        {
            frame = new ResetStreamFrame(id, code, finalSize);
            return true;
        }
        frame = default;
        return false;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.ResetStream);
        writer.WriteVarInt(Id.Value);
        writer.WriteVarInt(Code);
        writer.WriteVarInt(FinalSize);
    }
}
