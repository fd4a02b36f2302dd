using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>ACK_FREQUENCY, section 6.17: how rarely the peer may acknowledge while nothing is missing.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0xAF |          sequence number (i)                ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   packets for each ACK (i)    |   delay in microseconds (i) ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// The highest sequence number wins. It is a wish: the receiver keeps to its own limits.
/// </remarks>
public readonly record struct AckFrequencyFrame(ulong Sequence, ulong PacketsPerAck, ulong DelayMicroseconds)
{
    public const int BytesMax = 1 + (3 * VarInt.BytesMax);

    public int Length => 1 + VarInt.Length(Sequence) + VarInt.Length(PacketsPerAck) + VarInt.Length(DelayMicroseconds);

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(ref WireReader reader, out AckFrequencyFrame frame)
    {
        if (reader.TryReadVarInt(out ulong sequence) && reader.TryReadVarInt(out ulong packets)
            && reader.TryReadVarInt(out ulong delay))
        {
            frame = new AckFrequencyFrame(sequence, packets, delay);
            return true;
        }
        frame = default;
        return false;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.AckFrequency);
        writer.WriteVarInt(Sequence);
        writer.WriteVarInt(PacketsPerAck);
        writer.WriteVarInt(DelayMicroseconds);
    }
}
