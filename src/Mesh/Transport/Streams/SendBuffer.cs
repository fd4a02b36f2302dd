using System;
using System.Buffers;
using System.Diagnostics;

namespace Darkbloom.Mesh.Transport.Streams;

/// <summary>Bytes written and not yet acknowledged, at hand for sending again.</summary>
/// <remarks>
/// A ring that doubles as it needs to, indexed by stream offset, so that a byte never moves between writing and
/// sending. It holds offsets [acknowledged, written); of those [acknowledged, sent) were sent at least once. A ring is
/// cleared before the pool has it back: it held prompts and answers.
/// </remarks>
internal sealed class SendBuffer
{
    private const int RingBytesMin = 1024;

    /// <summary>A ring up to this size is kept while it is empty: renting one for each message would cost more.</summary>
    private const int RingBytesKept = 32 * 1024;

    private readonly RangeSet _acknowledged = new();
    private readonly RangeSet _lost = new();
    private byte[] _ring = [];
    private int _mask;
    private ulong _base;
    private ulong _sent;

    /// <summary>One past the last byte written.</summary>
    public ulong End { get; private set; }

    /// <summary>One past the last byte ever sent.</summary>
    public ulong Sent => _sent;

    public int BufferedBytes => (int)(End - _base);

    public bool IsAllAcknowledged => _base == End;

    public bool HasLost => !_lost.IsEmpty;

    public bool HasUnsent => _sent < End;

    public void Write(ReadOnlySpan<byte> data)
    {
        EnsureCapacity(BufferedBytes + data.Length);
        int start = (int)(End & (uint)_mask);
        int first = Math.Min(data.Length, _mask + 1 - start);
        data[..first].CopyTo(_ring.AsSpan(start));
        data[first..].CopyTo(_ring);
        End += (ulong)data.Length;
    }

    /// <summary>Chooses what to send next: first what was lost, then what is new and below the limit.</summary>
    /// <returns>False when there is nothing; else at least one byte.</returns>
    public bool TryTake(int bytesMax, ulong limit, out ulong offset, out int length)
    {
        if (!_lost.IsEmpty)
        {
            NumberRange run = _lost[0];
            offset = run.Start;
            length = (int)Math.Min(run.Length, (ulong)bytesMax);
            _lost.Remove(offset, offset + (ulong)length);
            return true;
        }
        offset = _sent;
        length = (int)Math.Min(Math.Min(End, limit) > _sent ? Math.Min(End, limit) - _sent : 0, (ulong)bytesMax);
        _sent += (ulong)length;
        return length > 0;
    }

    public void Copy(ulong offset, Span<byte> target)
    {
        Debug.Assert(offset >= _base && offset + (ulong)target.Length <= End, "Only buffered bytes are sent.");
        int start = (int)(offset & (uint)_mask);
        int first = Math.Min(target.Length, _mask + 1 - start);
        _ring.AsSpan(start, first).CopyTo(target);
        _ring.AsSpan(0, target.Length - first).CopyTo(target[first..]);
    }

    public void OnAcknowledged(ulong offset, int length)
    {
        ulong end = offset + (ulong)length;
        if (length == 0 || end <= _base)
        {
            return;
        }
        _ = _acknowledged.Add(Math.Max(offset, _base), end);
        _lost.Remove(offset, end);
        if (_acknowledged[0].Start == _base)
        {
            _base = _acknowledged[0].End;
            _acknowledged.RemoveAt(0);
        }
        if (IsAllAcknowledged && _ring.Length > RingBytesKept)
        {
            Release();
        }
        AssertInvariants();
    }

    /// <summary>Queues bytes to be sent again, except those that arrived by another packet.</summary>
    public void OnLost(ulong offset, int length)
    {
        ulong end = offset + (ulong)length;
        offset = Math.Max(offset, _base);
        if (offset >= end)
        {
            return;
        }
        _ = _lost.Add(offset, end);
        for (int i = 0; i < _acknowledged.Count && _acknowledged[i].Start < end; i++)
        {
            _lost.Remove(_acknowledged[i].Start, _acknowledged[i].End);
        }
        AssertInvariants();
    }

    /// <summary>Drops everything; nothing is sent or settled any more.</summary>
    public void Release()
    {
        if (_ring.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_ring, clearArray: true);
        }
        _ring = [];
        _mask = 0;
        _base = End;
        _sent = End;
        _lost.Clear();
        _acknowledged.Clear();
    }

    private void EnsureCapacity(int bytes)
    {
        if (bytes <= _mask + 1 && _ring.Length > 0)
        {
            return;
        }
        int capacity = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(bytes, RingBytesMin));
        byte[] ring = ArrayPool<byte>.Shared.Rent(capacity);
        int buffered = BufferedBytes;
        if (buffered > 0)
        {
            int start = (int)(_base & (uint)(capacity - 1));
            int first = Math.Min(buffered, capacity - start);
            Copy(_base, ring.AsSpan(start, first));
            Copy(_base + (ulong)first, ring.AsSpan(0, buffered - first));
        }
        if (_ring.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_ring, clearArray: true);
        }
        _ring = ring;
        _mask = capacity - 1;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(_base <= _sent && _sent <= End, "Acknowledged, sent and written come in this order.");
        Debug.Assert(_lost.IsEmpty || _lost[0].Start >= _base, "What is acknowledged is not lost.");
        Debug.Assert(_acknowledged.IsEmpty || _acknowledged[0].Start > _base, "The base moves as far as it can.");
    }
}
