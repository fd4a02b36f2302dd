using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>RETIRE_CONNECTION_ID, section 6.21: the sender addresses no more packets to this id of the receiver.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0x19 |          sequence number (i)                ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly record struct RetireConnectionIdFrame(ulong Sequence)
{
    public int Length => 1 + VarInt.Length(Sequence);

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(ref WireReader reader, out RetireConnectionIdFrame frame)
    {
        bool read = reader.TryReadVarInt(out ulong sequence);
        frame = new RetireConnectionIdFrame(sequence);
        return read;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.RetireConnectionId);
        writer.WriteVarInt(Sequence);
    }
}
