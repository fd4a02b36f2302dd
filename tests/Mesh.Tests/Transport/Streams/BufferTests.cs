using System;
using System.Buffers;
using System.Collections.Generic;
using Darkbloom.Mesh.Transport.Streams;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport.Streams;

public sealed class BufferTests
{
    [Fact]
    public void Bytes_cross_in_order_whatever_is_lost_repeated_and_cut()
    {
        for (ulong seed = 1; seed <= 100; seed++)
        {
            Cross(new Prng(seed));
        }
    }

    [Fact]
    public void New_bytes_are_held_at_the_limit_and_lost_ones_are_not()
    {
        SendBuffer buffer = new();
        buffer.Write(new byte[100]);
        Assert.True(buffer.TryTake(1000, 60, out ulong offset, out int length));
        Assert.Equal((0UL, 60), (offset, length));
        Assert.False(buffer.TryTake(1000, 60, out _, out _));
        buffer.OnLost(10, 20);
        Assert.True(buffer.TryTake(1000, 60, out offset, out length));
        Assert.Equal((10UL, 20), (offset, length));
    }

    [Fact]
    public void Bytes_that_arrived_by_another_packet_are_not_sent_again()
    {
        SendBuffer buffer = new();
        buffer.Write(new byte[100]);
        _ = buffer.TryTake(100, 100, out _, out _);
        buffer.OnAcknowledged(40, 20);
        buffer.OnLost(0, 100);
        Assert.True(buffer.TryTake(100, 100, out ulong offset, out int length));
        Assert.Equal((0UL, 40), (offset, length));
        Assert.True(buffer.TryTake(100, 100, out offset, out length));
        Assert.Equal((60UL, 40), (offset, length));
        buffer.OnAcknowledged(0, 40);
        buffer.OnAcknowledged(60, 40);
        Assert.True(buffer.IsAllAcknowledged);
        buffer.OnLost(0, 100);
        Assert.False(buffer.HasLost);
    }

    [Theory]
    [InlineData(ReceiveBuffer.HolesMax - 1, true)]
    [InlineData(ReceiveBuffer.HolesMax, false)]
    public void Holes_are_bounded(int holes, bool isTaken)
    {
        ReceiveBuffer buffer = new();
        for (int i = 0; i < holes; i++)
        {
            Assert.True(buffer.TryInsert((ulong)(1 + (2 * i)), [1]));
        }
        Assert.Equal(isTaken, buffer.TryInsert((ulong)(1 + (2 * holes)), [1]));
        Assert.True(buffer.TryInsert(0, [1]), "the hole in front can always be closed");
    }

    [Fact]
    public void Holes_are_bounded_in_whatever_order_they_open()
    {
        ReceiveBuffer buffer = new();
        int taken = 0;
        for (int i = 4 * ReceiveBuffer.HolesMax; i > 0; i--)
        {
            taken += buffer.TryInsert((ulong)(2 * i), [1]) ? 1 : 0;
        }
        Assert.Equal(ReceiveBuffer.HolesMax, taken);
        Assert.True(buffer.TryInsert((ulong)(8 * ReceiveBuffer.HolesMax) - 1, [1]), "what closes a hole is taken");
        Assert.True(buffer.TryInsert(0, [1]), "what is read next is taken");
    }

    /// <summary>The pool is the process's: tests beside this one leave single bytes of every value in it.</summary>
    private const int RunOthersNeverLeave = 64;

    [Theory]
    [InlineData(100)]
    [InlineData(40_000)]
    public void Bytes_do_not_stay_in_the_pool(int length)
    {
        byte[] secret = new byte[length];
        Array.Fill(secret, (byte)0xA5);
        SendBuffer sender = new();
        sender.Write(secret);
        ReceiveBuffer receiver = new();
        Assert.True(receiver.TryInsert(0, secret));
        int sizes = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)length);

        sender.Release();
        receiver.Release();

        for (int size = 1024; size <= Math.Max(sizes, 2048); size *= 2)
        {
            byte[] rented = ArrayPool<byte>.Shared.Rent(size);
            Assert.True(rented.AsSpan().IndexOf(secret.AsSpan(0, RunOthersNeverLeave)) < 0, $"a pooled array of {size} bytes");
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static void Cross(Prng prng)
    {
        byte[] data = TransferTests.Bytes(1 + prng.Next(60_000), prng.NextUInt64());
        SendBuffer sender = new();
        ReceiveBuffer receiver = new();
        List<byte> read = [];
        Queue<(ulong Offset, int Length)> sent = new();
        byte[] packet = new byte[1500];
        int written = 0;
        while (read.Count < data.Length)
        {
            int count = Math.Min(prng.Next(3000), data.Length - written);
            sender.Write(data.AsSpan(written, count));
            written += count;
            while (sender.TryTake(1 + prng.Next(1400), (ulong)(read.Count + 20_000), out ulong offset, out int length))
            {
                sender.Copy(offset, packet.AsSpan(0, length));
                bool arrives = prng.Next(4) != 0;
                if (arrives)
                {
                    Assert.True(receiver.TryInsert(offset, packet.AsSpan(0, length)));
                }
                if (prng.Next(10) == 0 || !arrives)
                {
                    sender.OnLost(offset, length);
                }
                else
                {
                    sent.Enqueue((offset, length));
                }
            }
            while (sent.TryDequeue(out (ulong Offset, int Length) range))
            {
                sender.OnAcknowledged(range.Offset, range.Length);
            }
            int got = receiver.Read(packet.AsSpan(0, prng.Next(packet.Length)));
            read.AddRange(packet.AsSpan(0, got).ToArray());
        }
        Assert.Equal(data, read.ToArray());
    }
}
