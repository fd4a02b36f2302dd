using System;
using System.Buffers;
using System.Diagnostics;
using System.Numerics;

namespace Darkbloom.Mesh.Transport.Streams;

/// <summary>Bytes that arrived in any order, read in order. Flow control bounds how far ahead of the reader they may lie.</summary>
/// <remarks>
/// A ring that doubles as it needs to, indexed by stream offset, with the set of offsets that are filled. A ring is
/// cleared before the pool has it back: it held prompts and answers.
/// </remarks>
internal sealed class ReceiveBuffer
{
    /// <summary>More holes than this and the packet is left unacknowledged, to come again when some have closed.</summary>
    /// <remarks>What fills a hole or is read next is always taken, so that holes do close.</remarks>
    public const int HolesMax = 1024;

    private const int RingBytesMin = 2048;

    /// <summary>A ring up to this size is kept while it is empty: renting one for each message would cost more.</summary>
    private const int RingBytesKept = 32 * 1024;

    private readonly RangeSet _filled = new();
    private byte[] _ring = [];
    private int _mask;

    /// <summary>The offset that is read next.</summary>
    public ulong ReadOffset { get; private set; }

    /// <summary>One past the highest byte that arrived.</summary>
    public ulong HighestEnd { get; private set; }

    public int ReadableBytes => !_filled.IsEmpty && _filled[0].Start <= ReadOffset ? (int)(_filled[0].End - ReadOffset) : 0;

    /// <summary>False when there are too many holes to add another; nothing changed then.</summary>
    public bool TryInsert(ulong offset, ReadOnlySpan<byte> data)
    {
        ulong end = offset + (ulong)data.Length;
        if (end <= ReadOffset || data.IsEmpty)
        {
            return true;
        }
        if (offset < ReadOffset)
        {
            data = data[(int)(ReadOffset - offset)..];
            offset = ReadOffset;
        }
        if (_filled.Count >= HolesMax && offset > ReadOffset && !_filled.Touches(offset, end))
        {
            return false;
        }
        EnsureCapacity(Math.Max(end, HighestEnd));
        int start = (int)(offset & (uint)_mask);
        int first = Math.Min(data.Length, _mask + 1 - start);
        data[..first].CopyTo(_ring.AsSpan(start));
        data[first..].CopyTo(_ring);
        _ = _filled.Add(offset, end);
        HighestEnd = Math.Max(HighestEnd, end);
        AssertInvariants();
        return true;
    }

    public int Read(Span<byte> target)
    {
        int count = Math.Min(ReadableBytes, target.Length);
        if (count == 0)
        {
            return 0;
        }
        int start = (int)(ReadOffset & (uint)_mask);
        int first = Math.Min(count, _mask + 1 - start);
        _ring.AsSpan(start, first).CopyTo(target);
        _ring.AsSpan(0, count - first).CopyTo(target[first..]);
        _filled.Remove(ReadOffset, ReadOffset + (ulong)count);
        ReadOffset += (ulong)count;
        if (_filled.IsEmpty && _ring.Length > RingBytesKept)
        {
            ReturnRing();
        }
        return count;
    }

    /// <summary>Drops every byte; the reader has gone.</summary>
    public void Release()
    {
        _filled.Clear();
        ReturnRing();
    }

    private void EnsureCapacity(ulong end)
    {
        int bytes = (int)(end - ReadOffset);
        if (_ring.Length > 0 && bytes <= _mask + 1)
        {
            return;
        }
        int capacity = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(bytes, RingBytesMin));
        byte[] ring = ArrayPool<byte>.Shared.Rent(capacity);
        for (int i = 0; i < _filled.Count; i++)
        {
            NumberRange run = _filled[i];
            for (ulong offset = run.Start; offset < run.End;)
            {
                int from = (int)(offset & (uint)_mask);
                int to = (int)(offset & (uint)(capacity - 1));
                int length = (int)Math.Min(run.End - offset, (ulong)Math.Min(_mask + 1 - from, capacity - to));
                _ring.AsSpan(from, length).CopyTo(ring.AsSpan(to));
                offset += (ulong)length;
            }
        }
        ReturnRing();
        _ring = ring;
        _mask = capacity - 1;
    }

    private void ReturnRing()
    {
        if (_ring.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_ring, clearArray: true);
        }
        _ring = [];
        _mask = 0;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_filled.IsEmpty || _filled[0].Start >= ReadOffset, "What was read is gone.");
        Debug.Assert(HighestEnd - ReadOffset <= (ulong)_mask + 1, "The ring covers all that arrived.");
    }
}
