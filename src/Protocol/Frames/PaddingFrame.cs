using System;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>PADDING, section 6.1: one byte that means nothing; it only makes a packet longer.</summary>
/// <remarks>
/// <code>
///  0 1 2 3 4 5 6 7
/// +-+-+-+-+-+-+-+-+
/// |   type = 0x00 |
/// +-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
public readonly record struct PaddingFrame
{
    public const int Length = 1;

    public static void Write(ref WireWriter writer) => writer.WriteByte((byte)FrameType.Padding);

    /// <summary>Consumes the whole run of padding whose first byte was the type.</summary>
    public static void SkipRun(ref WireReader reader)
    {
        int run = reader.Rest.IndexOfAnyExcept((byte)FrameType.Padding);
        _ = reader.TryReadBytes(run < 0 ? reader.Remaining : run, out _);
    }
}
