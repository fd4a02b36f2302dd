using System;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Tickets;

/// <summary>Writes deterministic CBOR; the order of map keys is the caller's to keep.</summary>
internal ref struct CborWriter(Span<byte> target)
{
    private WireWriter _writer = new(target);

    internal readonly int Length => _writer.Position;

    internal void WriteUnsigned(ulong value) => WriteHead(CborType.Unsigned, value);

    internal void WriteBytes(ReadOnlySpan<byte> value)
    {
        WriteHead(CborType.Bytes, (ulong)value.Length);
        _writer.WriteBytes(value);
    }

    internal void WriteText(ReadOnlySpan<byte> utf8)
    {
        WriteHead(CborType.Text, (ulong)utf8.Length);
        _writer.WriteBytes(utf8);
    }

    internal void WriteArray(int count) => WriteHead(CborType.Array, (ulong)count);

    internal void WriteMap(int count) => WriteHead(CborType.Map, (ulong)count);

    private void WriteHead(CborType type, ulong value)
    {
        int major = (int)type << 5;
        switch (value)
        {
            case < 24:
                _writer.WriteByte((byte)(major | (int)value));
                break;
            case <= byte.MaxValue:
                _writer.WriteByte((byte)(major | 24));
                _writer.WriteByte((byte)value);
                break;
            case <= ushort.MaxValue:
                _writer.WriteByte((byte)(major | 25));
                _writer.WriteUInt16((ushort)value);
                break;
            case <= uint.MaxValue:
                _writer.WriteByte((byte)(major | 26));
                _writer.WriteUInt32((uint)value);
                break;
            default:
                _writer.WriteByte((byte)(major | 27));
                _writer.WriteUInt64(value);
                break;
        }
    }
}
