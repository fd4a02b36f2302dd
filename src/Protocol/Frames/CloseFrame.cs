using System;
using System.Diagnostics;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>Whose code a CLOSE carries: a <see cref="TransportErrorCode"/>, or a number the application chose.</summary>
public enum CloseOrigin
{
    Transport,
    Application,
}

/// <summary>CLOSE, section 6.15: the session is over, at once, in both directions.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | 0x1C or 0x1D  |                  code (i)                   ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |     length, 0..256 (i)      |      reason, UTF-8            ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// type: 0x1C closed by the transport (section 9), 0x1D by the application
/// </code>
/// The reason is for a log; what it says is the peer's claim.
/// </remarks>
public readonly ref struct CloseFrame(CloseOrigin origin, ulong code, ReadOnlySpan<byte> reason)
{
    public const int ReasonBytesMax = 256;

    public CloseOrigin Origin { get; } = origin;

    public ulong Code { get; } = code;

    public ReadOnlySpan<byte> Reason { get; } = reason;

    public int Length => 1 + VarInt.Length(Code) + VarInt.Length((ulong)Reason.Length) + Reason.Length;

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(FrameType type, ref WireReader reader, out CloseFrame frame)
    {
        frame = default;
        if (!reader.TryReadVarInt(out ulong code) || !reader.TryReadVarInt(out ulong length)
            || length > ReasonBytesMax || !reader.TryReadBytes((int)length, out ReadOnlySpan<byte> reason))
        {
            return false;
        }
        frame = new CloseFrame(
            type == FrameType.TransportClose ? CloseOrigin.Transport : CloseOrigin.Application, code, reason);
        return true;
    }

    public void Write(ref WireWriter writer)
    {
        Debug.Assert(Reason.Length <= ReasonBytesMax, "The caller cuts the reason.");
        writer.WriteByte((byte)(Origin == CloseOrigin.Transport ? FrameType.TransportClose : FrameType.ApplicationClose));
        writer.WriteVarInt(Code);
        writer.WriteVarInt((ulong)Reason.Length);
        writer.WriteBytes(Reason);
    }
}
