using System;
using System.Text;
using Darkbloom.Gateway.Batches;
using Xunit;

namespace Darkbloom.Gateway.Tests.Batches;

public sealed class BatchResultTests
{
    private const string Golden =
        "01" + "01" + "0000C34F" + "0000000000000007" + "0000000000000002" + "0000000000000003" + "0000000000000001" + "7B7D";

    private static BatchResult Result => new(49_999, HasFailed: true, new BatchTokens(7, 2, 3, 1), "{}"u8.ToArray());

    [Fact]
    public void A_result_is_written_as_the_diagram_says() => Assert.Equal(Golden, Convert.ToHexString(Result.ToRecord()));

    [Fact]
    public void A_result_is_read_as_it_was_written()
    {
        Assert.True(BatchResult.TryRead(Convert.FromHexString(Golden), out BatchResult? read));
        Assert.Equal((49_999, true, new BatchTokens(7, 2, 3, 1)), (read!.Index, read.HasFailed, read.Tokens));
        Assert.Equal("{}", Encoding.UTF8.GetString(read.Json.Span));
    }

    [Fact]
    public void A_record_without_its_header_is_refused()
    {
        byte[] whole = Result.ToRecord();
        for (int length = 0; length < BatchResult.HeaderBytes; length++)
        {
            Assert.False(BatchResult.TryRead(whole.AsMemory(0, length), out _));
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(2, 0x80)]
    [InlineData(6, 0x80)]
    [InlineData(14, 0x80)]
    [InlineData(22, 0x80)]
    [InlineData(30, 0x80)]
    public void What_no_version_writes_is_refused(int place, byte value)
    {
        byte[] record = Result.ToRecord();
        record[place] = value;
        Assert.False(BatchResult.TryRead(record, out _));
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        Random random = new(1);
        byte[] bytes = new byte[64];
        for (int i = 0; i < 100_000; i++)
        {
            random.NextBytes(bytes);
            bytes[0] = (byte)(i % 3);
            _ = BatchResult.TryRead(bytes.AsMemory(0, random.Next(bytes.Length)), out _);
        }
    }
}
