using System;
using System.Text.Unicode;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Tickets;

/// <summary>Reads deterministic CBOR (RFC 8949, section 4.2.1) and nothing else.</summary>
/// <remarks>
/// One value has one encoding: lengths are definite, integers shortest, map keys ascend and so never repeat. Tags,
/// floats
/// and simple values have no place here. A false ends the reading; what a failed call leaves behind has no meaning.
/// </remarks>
internal ref struct CborReader(ReadOnlySpan<byte> source)
{
    internal const int DepthMax = 8;

    private WireReader _reader = new(source);

    /// <summary>True after the last byte: trailing bytes are the caller's to refuse.</summary>
    internal readonly bool IsAtEnd => _reader.IsEmpty;

    internal bool TryReadUnsigned(out ulong value) => TryReadHead(CborType.Unsigned, out value);

    internal bool TryReadBytes(out ReadOnlySpan<byte> value) => TryReadString(CborType.Bytes, out value);

    /// <summary>Reads a byte string of exactly so many bytes.</summary>
    internal bool TryReadBytes(int length, out ReadOnlySpan<byte> value) =>
        TryReadBytes(out value) && value.Length == length;

    internal bool TryReadText(out ReadOnlySpan<byte> utf8) =>
        TryReadString(CborType.Text, out utf8) && Utf8.IsValid(utf8);

    /// <summary>Reads the head of an array of at most so many items.</summary>
    internal bool TryReadArray(int countMax, out int count) => TryReadCount(CborType.Array, countMax, out count);

    /// <summary>Reads the head of a map of at most so many pairs.</summary>
    internal bool TryReadMap(int countMax, out int count) => TryReadCount(CborType.Map, countMax, out count);

    /// <summary>Reads over one item of any kind, as strictly as if it were wanted.</summary>
    /// <param name="depth">How many arrays and maps surround the item.</param>
    internal bool TrySkip(int depth)
    {
        if (!TryReadHead(out CborType type, out ulong value))
        {
            return false;
        }

        switch (type)
        {
            case CborType.Unsigned or CborType.Negative:
                return true;
            case CborType.Bytes:
                return value <= (ulong)_reader.Remaining && _reader.TryReadBytes((int)value, out _);
            case CborType.Text:
                return value <= (ulong)_reader.Remaining
                    && _reader.TryReadBytes((int)value, out ReadOnlySpan<byte> utf8) && Utf8.IsValid(utf8);
            case CborType.Array:
                return depth < DepthMax && value <= (ulong)_reader.Remaining && TrySkipItems((int)value, depth + 1);
            case CborType.Map:
                return depth < DepthMax && value <= (ulong)_reader.Remaining / 2 && TrySkipPairs((int)value, depth + 1);
            default:
                return false;
        }
    }

    private bool TrySkipItems(int count, int depth)
    {
        for (int i = 0; i < count; i++)
        {
            if (!TrySkip(depth))
            {
                return false;
            }
        }

        return true;
    }

    private bool TrySkipPairs(int count, int depth)
    {
        ReadOnlySpan<byte> previous = default;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> rest = _reader.Rest;
            int start = _reader.Position;
            if (!TrySkip(depth))
            {
                return false;
            }

            ReadOnlySpan<byte> key = rest[..(_reader.Position - start)];
            if ((i > 0 && previous.SequenceCompareTo(key) >= 0) || !TrySkip(depth))
            {
                return false;
            }

            previous = key;
        }

        return true;
    }

    private bool TryReadString(CborType type, out ReadOnlySpan<byte> value)
    {
        value = default;
        return TryReadHead(type, out ulong length)
            && length <= (ulong)_reader.Remaining
            && _reader.TryReadBytes((int)length, out value);
    }

    private bool TryReadCount(CborType type, int countMax, out int count)
    {
        bool read = TryReadHead(type, out ulong value) && value <= (ulong)countMax;
        count = read ? (int)value : 0;
        return read;
    }

    private bool TryReadHead(CborType wanted, out ulong value) =>
        TryReadHead(out CborType type, out value) && type == wanted;

    /// <summary>Reads the initial byte and its argument, which must have the shortest form.</summary>
    private bool TryReadHead(out CborType type, out ulong value)
    {
        type = default;
        value = 0;
        if (!_reader.TryReadByte(out byte initial))
        {
            return false;
        }

        type = (CborType)(initial >> 5);
        int form = initial & 0x1F;
        if (form < 24)
        {
            value = (ulong)form;
            return type <= CborType.Map;
        }

        switch (form)
        {
            case 24 when _reader.TryReadByte(out byte small):
                value = small;
                return type <= CborType.Map && value >= 24;
            case 25 when _reader.TryReadUInt16(out ushort medium):
                value = medium;
                return type <= CborType.Map && value > byte.MaxValue;
            case 26 when _reader.TryReadUInt32(out uint large):
                value = large;
                return type <= CborType.Map && value > ushort.MaxValue;
            case 27 when _reader.TryReadUInt64(out value):
                return type <= CborType.Map && value > uint.MaxValue;
            default:
                return false;
        }
    }
}
