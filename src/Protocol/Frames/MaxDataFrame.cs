using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>MAX_DATA, section 6.7: how many bytes of all streams together the peer may have sent.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0x10 |             bytes on the connection (i)     ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly record struct MaxDataFrame(ulong Maximum)
{
    public int Length => 1 + VarInt.Length(Maximum);

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(ref WireReader reader, out MaxDataFrame frame)
    {
        bool read = reader.TryReadVarInt(out ulong value);
        frame = new MaxDataFrame(value);
        return read;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.MaxData);
        writer.WriteVarInt(Maximum);
    }
}
