using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>PING, section 6.2: asks for an acknowledgement and carries nothing.</summary>
/// <remarks>
/// <code>
///  0 1 2 3 4 5 6 7
/// +-+-+-+-+-+-+-+-+
/// |   type = 0x01 |
/// +-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly record struct PingFrame
{
    public const int Length = 1;

    public static void Write(ref WireWriter writer) => writer.WriteByte((byte)FrameType.Ping);
}
