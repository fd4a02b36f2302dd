using System;
using System.Diagnostics;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>ACK, section 6.3: the packet numbers received, highest first, and how long the highest one waited.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0x02 |           largest acknowledged (i)          ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                      delay in microseconds (i)              ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |          further ranges, 0..31 (i)  |   first range (i)     ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   gap (i)   |  range (i)   |  ... one pair a further range
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// first range: packets below the largest in the same run
/// gap:         missing packets between two runs, minus one
/// range:       packets in the run, minus one
/// </code>
/// </remarks>
public readonly ref struct AckFrame
{
    public const int RangesMax = 32;

    public AckFrame(ReadOnlySpan<PacketRange> ranges, ulong delayMicroseconds)
    {
        Debug.Assert(ranges.Length is >= 1 and <= RangesMax, "An ACK has 1 to 32 ranges.");
        Ranges = ranges;
        DelayMicroseconds = delayMicroseconds;
    }

    /// <summary>Disjoint, not adjacent, highest first; never empty.</summary>
    public ReadOnlySpan<PacketRange> Ranges { get; }

    /// <summary>From the arrival of the largest packet to the sending of this frame.</summary>
    public ulong DelayMicroseconds { get; }

    public ulong LargestAcknowledged => Ranges[0].Largest;

    public int Length
    {
        get
        {
            int length = 1 + VarInt.Length(LargestAcknowledged) + VarInt.Length(DelayMicroseconds)
                + VarInt.Length((ulong)Ranges.Length - 1) + VarInt.Length(Ranges[0].Largest - Ranges[0].Smallest);
            for (int i = 1; i < Ranges.Length; i++)
            {
                length += VarInt.Length(Gap(i)) + VarInt.Length(Ranges[i].Largest - Ranges[i].Smallest);
            }
            return length;
        }
    }

    /// <summary>Reads what follows the type into the caller's array, which the frame then refers to.</summary>
    public static bool TryRead(ref WireReader reader, Span<PacketRange> ranges, out AckFrame frame)
    {
        frame = default;
        if (!reader.TryReadVarInt(out ulong largest) || !reader.TryReadVarInt(out ulong delay)
            || !reader.TryReadVarInt(out ulong further) || further >= RangesMax
            || !reader.TryReadVarInt(out ulong run) || run > largest)
        {
            return false;
        }
        ranges[0] = new PacketRange(largest - run, largest);
        for (int i = 1; i <= (int)further; i++)
        {
            ulong above = ranges[i - 1].Smallest;
            if (!reader.TryReadVarInt(out ulong gap) || !reader.TryReadVarInt(out run) || gap + 2 > above)
            {
                return false;
            }
            largest = above - gap - 2;
            if (run > largest)
            {
                return false;
            }
            ranges[i] = new PacketRange(largest - run, largest);
        }
        frame = new AckFrame(ranges[..((int)further + 1)], delay);
        return true;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.Ack);
        writer.WriteVarInt(LargestAcknowledged);
        writer.WriteVarInt(DelayMicroseconds);
        writer.WriteVarInt((ulong)Ranges.Length - 1);
        writer.WriteVarInt(Ranges[0].Largest - Ranges[0].Smallest);
        for (int i = 1; i < Ranges.Length; i++)
        {
            writer.WriteVarInt(Gap(i));
            writer.WriteVarInt(Ranges[i].Largest - Ranges[i].Smallest);
        }
    }

    private ulong Gap(int index) => Ranges[index - 1].Smallest - Ranges[index].Largest - 2;
}
