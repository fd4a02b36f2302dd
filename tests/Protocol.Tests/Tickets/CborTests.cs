using System;
using System.Text.Json;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using Xunit;

namespace Darkbloom.Protocol.Tests.Tickets;

public sealed class CborTests
{
    private const string AppendixPath = "cbor/appendix_a.json";

    /// <summary>RFC 8949, appendix A: the values that deterministic tickets may hold.</summary>
    [Theory]
    [InlineData("00")]
    [InlineData("17")]
    [InlineData("1818")]
    [InlineData("18ff")]
    [InlineData("190100")]
    [InlineData("1a00010000")]
    [InlineData("1b0000000100000000")]
    [InlineData("1bffffffffffffffff")]
    [InlineData("20")]
    [InlineData("3bffffffffffffffff")]
    [InlineData("40")]
    [InlineData("4401020304")]
    [InlineData("60")]
    [InlineData("6449455446")]
    [InlineData("62c3bc")]
    [InlineData("80")]
    [InlineData("83010203")]
    [InlineData("8301820203820405")]
    [InlineData("a0")]
    [InlineData("a201020304")]
    [InlineData("a26161016162820203")]
    public void Deterministic_items_are_read_over(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        Assert.True(Skips(bytes));
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.False(Skips(bytes[..length]));
        }
    }

    [Theory]
    [InlineData("1817", "23 in two bytes")]
    [InlineData("1900ff", "255 in three bytes")]
    [InlineData("1a0000ffff", "65535 in five bytes")]
    [InlineData("1b00000000ffffffff", "2^32 - 1 in nine bytes")]
    [InlineData("1c", "a reserved form")]
    [InlineData("1f", "an integer without an end")]
    [InlineData("5f42010243030405ff", "bytes of indefinite length")]
    [InlineData("7f657374726561646d696e67ff", "text of indefinite length")]
    [InlineData("9fff", "an array of indefinite length")]
    [InlineData("bfff", "a map of indefinite length")]
    [InlineData("c11a514b67b0", "a tag")]
    [InlineData("f4", "false")]
    [InlineData("f6", "null")]
    [InlineData("f93c00", "a half float")]
    [InlineData("fb3ff199999999999a", "a double")]
    [InlineData("ff", "a break")]
    [InlineData("a203020104", "keys that descend")]
    [InlineData("a201020103", "a key twice")]
    [InlineData("61ff", "text that is not UTF-8")]
    [InlineData("5bffffffffffffffff", "more bytes than there are")]
    [InlineData("9bffffffffffffffff", "more items than there are")]
    [InlineData("bbffffffffffffffff", "more pairs than there are")]
    [InlineData("5801ff", "a length that is not shortest")]
    public void Other_encodings_are_refused(string hex, string why) => Assert.False(Skips(Convert.FromHexString(hex)), why);

    [Theory]
    [InlineData(CborReader.DepthMax - 1, true)]
    [InlineData(CborReader.DepthMax, true)]
    [InlineData(CborReader.DepthMax + 1, false)]
    public void Nesting_has_a_limit(int depth, bool accepted)
    {
        byte[] arrays = new byte[depth];
        Array.Fill(arrays, (byte)0x81);
        arrays[^1] = 0x80;
        Assert.Equal(accepted, Skips(arrays));
    }

    [Fact]
    public void Integers_round_trip_in_their_shortest_form()
    {
        foreach (ulong value in (ulong[])[0, 23, 24, 255, 256, 65535, 65536, uint.MaxValue, 1UL << 32, ulong.MaxValue])
        {
            byte[] target = new byte[9];
            CborWriter writer = new(target);
            writer.WriteUnsigned(value);
            CborReader reader = new(target.AsSpan(0, writer.Length));
            Assert.True(reader.TryReadUnsigned(out ulong read) && reader.IsAtEnd);
            Assert.Equal(value, read);
        }
    }

    [VectorFact(AppendixPath)]
    public void Every_item_of_the_appendix_is_accepted_exactly_when_it_is_deterministic()
    {
        using JsonDocument document = SharedVectors.Read(AppendixPath);
        foreach (JsonElement item in document.RootElement.EnumerateArray())
        {
            string hex = item.GetProperty("hex").GetString()!;
            int major = Convert.FromHexString(hex)[0] >> 5;
            bool deterministic = item.GetProperty("roundtrip").GetBoolean() && major < 6 && !HoldsOtherTypes(hex);
            Assert.True(Skips(Convert.FromHexString(hex)) == deterministic, hex);
        }
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        Prng prng = new(11);
        for (int i = 0; i < 100_000; i++)
        {
            _ = Skips(RandomBytes.Next(prng, prng.Next(40)));
        }
    }

    /// <summary>The appendix has one definite map with a value of another type inside.</summary>
    private static bool HoldsOtherTypes(string hex) => hex.EndsWith("f5", StringComparison.Ordinal);

    private static bool Skips(byte[] bytes)
    {
        CborReader reader = new(bytes);
        return reader.TrySkip(depth: 0) && reader.IsAtEnd;
    }
}
