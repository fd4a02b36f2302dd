using System;
using System.Diagnostics;
using System.Numerics;

namespace Darkbloom.Mesh.Transport.Datagrams;

/// <summary>Datagrams that wait to be sent, or to be read, in order. The oldest gives way to the newest when it is full.</summary>
/// <remarks>A ring of slots whose memory is taken when first needed and then reused; cleared when its datagram has gone.</remarks>
internal sealed class DatagramQueue(int countMax)
{
    private const int SlotBytesMin = 64;

    private readonly Slot[] _slots = new Slot[countMax];
    private int _head;

    public int Count { get; private set; }

    /// <summary>Datagrams that had to give way.</summary>
    public long DroppedCount { get; private set; }

    /// <summary>The datagram that waits longest; the span is good until the queue changes.</summary>
    public ReadOnlySpan<byte> Oldest => _slots[_head].Datagram;

    public void Add(ReadOnlySpan<byte> datagram)
    {
        if (Count == countMax)
        {
            DropOldest();
        }
        if (Count < countMax)
        {
            _slots[(_head + Count) % countMax].Fill(datagram);
            Count++;
        }
    }

    public void RemoveOldest()
    {
        Debug.Assert(Count > 0, "There is one to remove.");
        _slots[_head].Clear();
        _head = (_head + 1) % countMax;
        Count--;
    }

    /// <summary>Removes the oldest, which nobody will get; a queue without room drops what it is given.</summary>
    public void DropOldest()
    {
        DroppedCount++;
        if (Count > 0)
        {
            RemoveOldest();
        }
    }

    public void Clear()
    {
        while (Count > 0)
        {
            RemoveOldest();
        }
    }

    private struct Slot
    {
        private byte[]? _bytes;
        private int _length;

        public readonly ReadOnlySpan<byte> Datagram => _bytes.AsSpan(0, _length);

        public void Fill(ReadOnlySpan<byte> datagram)
        {
            if (_bytes is null || _bytes.Length < datagram.Length)
            {
                _bytes = new byte[BitOperations.RoundUpToPowerOf2((uint)Math.Max(datagram.Length, SlotBytesMin))];
            }
            datagram.CopyTo(_bytes);
            _length = datagram.Length;
        }

        public void Clear()
        {
            _bytes.AsSpan(0, _length).Clear();
            _length = 0;
        }
    }
}
