using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

/// <summary>Datagrams from one side to the other: each arrives once, whole and unchanged, or not at all.</summary>
internal sealed class DatagramTraffic(Side sender, Side receiver)
{
    private readonly List<byte[]?> _sent = [];
    private readonly byte[] _buffer = new byte[2000];

    public void Send(Prng prng)
    {
        byte[] datagram = TransferTests.Bytes(sizeof(int) + prng.Next(1200), prng.NextUInt64());
        BinaryPrimitives.WriteInt32BigEndian(datagram, _sent.Count);
        if (sender.Connection.TrySendDatagram(datagram))
        {
            _sent.Add(datagram);
        }
    }

    /// <summary>Takes those that have arrived.</summary>
    public void Take()
    {
        while (receiver.Connection.TryReceiveDatagram(_buffer, out int length))
        {
            int index = length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32BigEndian(_buffer);
            Assert.True(index >= 0 && index < _sent.Count, "a datagram that was never sent");
            Assert.True(_sent[index] is { } sent && sent.AsSpan().SequenceEqual(_buffer.AsSpan(0, length)), "a datagram twice, or another");
            _sent[index] = null;
        }
    }
}
