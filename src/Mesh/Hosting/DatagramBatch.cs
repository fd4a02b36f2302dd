using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Datagrams that arrived together, in their order; reused, so that receiving allocates nothing.</summary>
public sealed class DatagramBatch(int capacity)
{
    private readonly (PathAddress From, Memory<byte> Datagram)[] _items = new (PathAddress, Memory<byte>)[capacity];

    public int Count { get; private set; }

    public bool IsFull => Count == _items.Length;

    public PathAddress From(int index) => _items[index].From;

    public Span<byte> Datagram(int index) => _items[index].Datagram.Span;

    /// <summary>Takes a datagram whose bytes stay where they are until <see cref="Clear"/>; false when the batch is full.</summary>
    public bool TryAdd(PathAddress from, Memory<byte> datagram)
    {
        if (IsFull)
        {
            return false;
        }
        _items[Count++] = (from, datagram);
        return true;
    }

    public void Clear() => Count = 0;
}
