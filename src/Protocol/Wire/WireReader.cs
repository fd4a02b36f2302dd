using System;
using System.Buffers.Binary;

namespace Darkbloom.Protocol.Wire;

/// <summary>Reads big-endian values from the front of a span; what a peer sent short is a false, never an exception.</summary>
/// <remarks>A failed read consumes nothing, so a caller may stop at the first false and drop the whole message.</remarks>
public ref struct WireReader(ReadOnlySpan<byte> source)
{
    private readonly ReadOnlySpan<byte> _source = source;

    /// <summary>Bytes consumed so far.</summary>
    public int Position { get; private set; }

    public readonly int Remaining => _source.Length - Position;

    public readonly bool IsEmpty => Position == _source.Length;

    /// <summary>What is left, without consuming it.</summary>
    public readonly ReadOnlySpan<byte> Rest => _source[Position..];

    public bool TryReadByte(out byte value)
    {
        if (Remaining < sizeof(byte))
        {
            value = 0;
            return false;
        }
        value = _source[Position++];
        return true;
    }

    public bool TryReadUInt16(out ushort value)
    {
        if (!BinaryPrimitives.TryReadUInt16BigEndian(Rest, out value))
        {
            return false;
        }
        Position += sizeof(ushort);
        return true;
    }

    public bool TryReadUInt32(out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(Rest, out value))
        {
            return false;
        }
        Position += sizeof(uint);
        return true;
    }

    public bool TryReadUInt64(out ulong value)
    {
        if (!BinaryPrimitives.TryReadUInt64BigEndian(Rest, out value))
        {
            return false;
        }
        Position += sizeof(ulong);
        return true;
    }

    public bool TryReadVarInt(out ulong value)
    {
        value = 0;
        if (IsEmpty)
        {
            return false;
        }
        int length = 1 << (_source[Position] >> 6);
        if (Remaining < length)
        {
            return false;
        }
        ReadOnlySpan<byte> bytes = _source.Slice(Position, length);
        value = length switch
        {
            1 => bytes[0] & 0x3FUL,
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes) & 0x3FFFUL,
            4 => BinaryPrimitives.ReadUInt32BigEndian(bytes) & 0x3FFF_FFFFUL,
            _ => BinaryPrimitives.ReadUInt64BigEndian(bytes) & VarInt.MaxValue,
        };
        Position += length;
        return true;
    }

    /// <summary>A slice of the source; it lives as long as the datagram's buffer.</summary>
    public bool TryReadBytes(int count, out ReadOnlySpan<byte> value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (Remaining < count)
        {
            value = default;
            return false;
        }
        value = _source.Slice(Position, count);
        Position += count;
        return true;
    }
}
