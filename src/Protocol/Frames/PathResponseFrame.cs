using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>PATH_RESPONSE, section 6.14: returns a challenge's data to the address it came from.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0x1B |                   data (8 bytes)            ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly record struct PathResponseFrame(ulong Data)
{
    public const int Length = 1 + sizeof(ulong);

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(ref WireReader reader, out PathResponseFrame frame)
    {
        bool read = reader.TryReadUInt64(out ulong data);
        frame = new PathResponseFrame(data);
        return read;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.PathResponse);
        writer.WriteUInt64(Data);
    }
}
