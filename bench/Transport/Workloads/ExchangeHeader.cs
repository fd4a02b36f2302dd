using System;
using System.Buffers.Binary;
using System.IO;
using System.Threading.Tasks;

namespace Darkbloom.Bench.Transport.Workloads;

internal enum ExchangeKind : byte
{
    /// <summary>Each message comes back.</summary>
    Echo = 1,

    /// <summary>Bytes go one way; a receipt comes back when the announced number has arrived.</summary>
    Upload = 2,
}

/// <summary>The first bytes of a stream say what it is for, so that every contender carries the same workloads.</summary>
/// <param name="Label">Whose upload it is: the server counts by it.</param>
/// <param name="Bytes">Of a message, or of the whole upload; <see cref="long.MaxValue"/> has no end.</param>
internal readonly record struct ExchangeHeader(ExchangeKind Kind, int Label, long Bytes)
{
    private const int Size = 1 + sizeof(int) + sizeof(long);

    public static async Task<ExchangeHeader> ReadAsync(Stream stream)
    {
        byte[] bytes = new byte[Size];
        await stream.ReadExactlyAsync(bytes);
        return new ExchangeHeader(
            (ExchangeKind)bytes[0], BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(1)), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(1 + sizeof(int))));
    }

    public async Task WriteAsync(Stream stream)
    {
        byte[] bytes = new byte[Size];
        bytes[0] = (byte)Kind;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(1), Label);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(1 + sizeof(int)), Bytes);
        await stream.WriteAsync(bytes);
    }
}
