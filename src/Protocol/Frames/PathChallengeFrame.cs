using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>PATH_CHALLENGE, section 6.13: asks whoever reads packets at an address to send the data back.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   type = 0x1A |                   data (8 bytes)            ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly record struct PathChallengeFrame(ulong Data)
{
    public const int Length = 1 + sizeof(ulong);

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(ref WireReader reader, out PathChallengeFrame frame)
    {
        bool read = reader.TryReadUInt64(out ulong data);
        frame = new PathChallengeFrame(data);
        return read;
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)FrameType.PathChallenge);
        writer.WriteUInt64(Data);
    }
}
