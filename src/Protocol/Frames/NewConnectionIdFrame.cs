using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>NEW_CONNECTION_ID, section 6.20: a further name under which the sender takes packets of this session.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0x18 |          sequence number (i)                ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                    connection id (8 bytes)                  ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly record struct NewConnectionIdFrame(ulong Sequence, ConnectionId Id)
{
    public int Length => 1 + VarInt.Length(Sequence) + ConnectionId.Size;

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(ref WireReader reader, out NewConnectionIdFrame frame)
    {
        if (reader.TryReadVarInt(out ulong sequence) && ConnectionId.TryRead(ref reader, out ConnectionId id))
        {
            frame = new NewConnectionIdFrame(sequence, id);
            return true;
        }
        frame = default;
        return false;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.NewConnectionId);
        writer.WriteVarInt(Sequence);
        Id.Write(ref writer);
    }
}
