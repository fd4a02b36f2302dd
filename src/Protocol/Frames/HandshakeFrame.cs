using System;
using System.Diagnostics;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Frames;

/// <summary>HANDSHAKE, section 6.19: one message of a new handshake within the session.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | 0x06 or 0x07  |                  round (i)                  ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |    length, 0..1156 (i)      |      Noise message            ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// type: 0x06 message 1, the question; 0x07 message 2, the answer
/// </code>
/// The longest message fits one packet of any path, so that it needs no offsets.
/// </remarks>
public readonly ref struct HandshakeFrame(bool isAnswer, ulong round, ReadOnlySpan<byte> message)
{
    /// <summary>What <see cref="WriteHeader"/> writes.</summary>
    public const int HeaderBytes = 1 + sizeof(ulong) + SymmetricState.HashSize;

    public const int MessageBytesMax = WireLimits.HandshakePayloadBytesMax + NoiseSuite.InitOverheadBytes;

    public bool IsAnswer { get; } = isAnswer;

    /// <summary>How many handshakes the session has had with this one, its first not counted.</summary>
    public ulong Round { get; } = round;

    public ReadOnlySpan<byte> Message { get; } = message;

    public int Length => 1 + VarInt.Length(Round) + VarInt.Length((ulong)Message.Length) + Message.Length;

    /// <summary>Reads what follows the type.</summary>
    public static bool TryRead(FrameType type, ref WireReader reader, out HandshakeFrame frame)
    {
        frame = default;
        if (!reader.TryReadVarInt(out ulong round) || !reader.TryReadVarInt(out ulong length)
            || length > MessageBytesMax || !reader.TryReadBytes((int)length, out ReadOnlySpan<byte> message))
        {
            return false;
        }
        frame = new HandshakeFrame(type == FrameType.HandshakeAnswer, round, message);
        return true;
    }

    public void Write(ref WireWriter writer)
    {
        Debug.Assert(Message.Length <= MessageBytesMax, "A handshake's payload is limited.");
        writer.WriteByte((byte)TypeOf(IsAnswer));
        writer.WriteVarInt(Round);
        writer.WriteVarInt((ulong)Message.Length);
        writer.WriteBytes(Message);
    }

    /// <summary>Writes the header that the Noise message binds (section 5.8): a message of another session or round fails.</summary>
    /// <param name="binding">The handshake hash of the session's last handshake.</param>
    public static void WriteHeader(bool isAnswer, ulong round, ReadOnlySpan<byte> binding, Span<byte> target)
    {
        WireWriter writer = new(target);
        writer.WriteByte((byte)TypeOf(isAnswer));
        writer.WriteUInt64(round);
        writer.WriteBytes(binding);
    }

    private static FrameType TypeOf(bool isAnswer) => isAnswer ? FrameType.HandshakeAnswer : FrameType.HandshakeQuestion;
}
