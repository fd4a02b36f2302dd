using System;
using System.Buffers.Binary;

namespace Darkbloom.Gateway.Batches;

/// <summary>How a line of a batch ended: a record of the batch's log.</summary>
/// <remarks><code>
/// 0         1        2       6       14       22       30          38           38 + n
/// +---------+--------+-------+-------+--------+--------+-----------+--------------+
/// | version | failed | index | input | cached | output | reasoning |  result (n)  |
/// +---------+--------+-------+-------+--------+--------+-----------+--------------+
/// </code>
/// Big-endian. The result is a line of the output file, or of the error file if the line failed, without its end.
/// </remarks>
internal sealed record BatchResult(int Index, bool HasFailed, BatchTokens Tokens, ReadOnlyMemory<byte> Json)
{
    public const byte Version = 1;

    internal const int HeaderBytes = 38;

    private const int FailedOffset = 1;
    private const int IndexOffset = 2;
    private const int TokensOffset = 6;

    public byte[] ToRecord()
    {
        byte[] record = new byte[HeaderBytes + Json.Length];
        record[0] = Version;
        record[FailedOffset] = HasFailed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(record.AsSpan(IndexOffset), Index);
        Span<byte> tokens = record.AsSpan(TokensOffset);
        foreach (long count in (ReadOnlySpan<long>)[Tokens.Input, Tokens.Cached, Tokens.Output, Tokens.Reasoning])
        {
            BinaryPrimitives.WriteInt64BigEndian(tokens, count);
            tokens = tokens[sizeof(long)..];
        }

        Json.Span.CopyTo(tokens);
        return record;
    }

    /// <summary>Reads a whole record; what no version of this program wrote is refused.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> record, out BatchResult? result)
    {
        result = null;
        ReadOnlySpan<byte> source = record.Span;
        if (source.Length < HeaderBytes || source[0] != Version || source[FailedOffset] > 1)
        {
            return false;
        }

        int index = BinaryPrimitives.ReadInt32BigEndian(source[IndexOffset..]);
        BatchTokens tokens = new(Count(source, 0), Count(source, 1), Count(source, 2), Count(source, 3));
        if (index < 0 || tokens.Input < 0 || tokens.Cached < 0 || tokens.Output < 0 || tokens.Reasoning < 0)
        {
            return false;
        }

        result = new BatchResult(index, source[FailedOffset] == 1, tokens, record[HeaderBytes..]);
        return true;
    }

    private static long Count(ReadOnlySpan<byte> source, int place) =>
        BinaryPrimitives.ReadInt64BigEndian(source[(TokensOffset + (place * sizeof(long)))..]);
}
