using System;
using System.Buffers.Binary;
using System.Diagnostics;

namespace Darkbloom.Protocol.Wire;

/// <summary>Writes big-endian values to the front of a span that the caller made large enough.</summary>
/// <remarks>
/// Each message states its length, and a caller compares it with <see cref="Remaining"/> before writing: so a write
/// that doesn't fit is a fault of ours, and the span's bounds check stops it.
/// </remarks>
public ref struct WireWriter(Span<byte> target)
{
    private readonly Span<byte> _target = target;

    /// <summary>Bytes written so far.</summary>
    public int Position { get; private set; }

    public readonly int Remaining => _target.Length - Position;

    public readonly Span<byte> Written => _target[..Position];

    public void WriteByte(byte value) => _target[Position++] = value;

    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Reserve(sizeof(ushort)), value);

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Reserve(sizeof(uint)), value);

    public void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Reserve(sizeof(ulong)), value);

    /// <summary>Writes the shortest encoding.</summary>
    public void WriteVarInt(ulong value)
    {
        Debug.Assert(value <= VarInt.MaxValue, "A variable-length integer has 62 bits.");
        switch (VarInt.Length(value))
        {
            case 1:
                WriteByte((byte)value);
                break;
            case 2:
                WriteUInt16((ushort)(value | 0x4000));
                break;
            case 4:
                WriteUInt32((uint)(value | 0x8000_0000));
                break;
            default:
                WriteUInt64(value | 0xC000_0000_0000_0000);
                break;
        }
    }

    public void WriteBytes(ReadOnlySpan<byte> value) => value.CopyTo(Reserve(value.Length));

    /// <summary>Claims the next bytes for the caller to fill, for instance straight from a send buffer.</summary>
    public Span<byte> Reserve(int count)
    {
        Span<byte> reserved = _target.Slice(Position, count);
        Position += count;
        return reserved;
    }
}
