using System;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>DATAGRAM, section 6.18: bytes that arrive once or not at all, in any order (RFC 9221).</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0x31 |                   length (i)                ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                          data (length bytes)                ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly ref struct DatagramFrame(ReadOnlySpan<byte> data)
{
    /// <summary>Bytes before the data, at most: no packet holds a length that takes four.</summary>
    public const int HeaderBytesMax = 3;

    public ReadOnlySpan<byte> Data { get; } = data;

    public int Length => 1 + VarInt.Length((ulong)Data.Length) + Data.Length;

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(ref WireReader reader, out DatagramFrame frame)
    {
        frame = default;
        if (!reader.TryReadVarInt(out ulong length) || length > (ulong)reader.Remaining
            || !reader.TryReadBytes((int)length, out ReadOnlySpan<byte> data))
        {
            return false;
        }
        frame = new DatagramFrame(data);
        return true;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.Datagram);
        writer.WriteVarInt((ulong)Data.Length);
        writer.WriteBytes(Data);
    }
}
