using System;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Wire;
using Xunit;

namespace Darkbloom.Protocol.Tests.Wire;

public sealed class WireTests
{
    [Theory]
    [InlineData("c2197c5eff14e88c", 151_288_809_941_952_652UL)]
    [InlineData("9d7f3e7d", 494_878_333UL)]
    [InlineData("7bbd", 15_293UL)]
    [InlineData("25", 37UL)]
    public void VarInt_matches_the_samples_of_RFC_9000_appendix_A1(string hex, ulong value)
    {
        byte[] encoded = Convert.FromHexString(hex);
        WireReader reader = new(encoded);
        Assert.True(reader.TryReadVarInt(out ulong read));
        Assert.Equal(value, read);
        Assert.True(reader.IsEmpty);

        byte[] buffer = new byte[VarInt.BytesMax];
        WireWriter writer = new(buffer);
        writer.WriteVarInt(value);
        Assert.Equal(encoded, writer.Written.ToArray());
    }

    [Fact]
    public void VarInt_may_be_longer_than_needed()
    {
        WireReader reader = new([0x40, 0x25]);
        Assert.True(reader.TryReadVarInt(out ulong read));
        Assert.Equal(37UL, read);
    }

    [Theory]
    [InlineData(63UL, 1)]
    [InlineData(64UL, 2)]
    [InlineData(16_383UL, 2)]
    [InlineData(16_384UL, 4)]
    [InlineData((1UL << 30) - 1, 4)]
    [InlineData(1UL << 30, 8)]
    [InlineData(VarInt.MaxValue, 8)]
    public void VarInt_round_trips_at_each_length_boundary(ulong value, int length)
    {
        byte[] buffer = new byte[VarInt.BytesMax];
        WireWriter writer = new(buffer);
        writer.WriteVarInt(value);
        Assert.Equal(length, writer.Position);
        Assert.Equal(length, VarInt.Length(value));
        for (int cut = 0; cut < length; cut++)
        {
            WireReader shortReader = new(buffer.AsSpan(0, cut));
            Assert.False(shortReader.TryReadVarInt(out _));
            Assert.Equal(0, shortReader.Position);
        }
        WireReader reader = new(writer.Written);
        Assert.True(reader.TryReadVarInt(out ulong read));
        Assert.Equal(value, read);
    }

    [Fact]
    public void Fixed_width_values_are_big_endian_and_round_trip()
    {
        byte[] buffer = new byte[32];
        WireWriter writer = new(buffer);
        writer.WriteByte(0x01);
        writer.WriteUInt16(0x0203);
        writer.WriteUInt32(0x04050607);
        writer.WriteUInt64(0x08090A0B0C0D0E0F);
        writer.WriteBytes([0x10, 0x11]);
        Assert.Equal("0102030405060708090A0B0C0D0E0F1011", Convert.ToHexString(writer.Written));

        WireReader reader = new(writer.Written);
        Assert.True(reader.TryReadByte(out byte b));
        Assert.True(reader.TryReadUInt16(out ushort s));
        Assert.True(reader.TryReadUInt32(out uint i));
        Assert.True(reader.TryReadUInt64(out ulong l));
        Assert.True(reader.TryReadBytes(2, out ReadOnlySpan<byte> rest));
        Assert.Equal((0x01, 0x0203, 0x04050607U, 0x08090A0B0C0D0E0FUL, "1011"), (b, s, i, l, Convert.ToHexString(rest)));
        Assert.False(reader.TryReadByte(out _));
    }

    [Fact]
    public void A_failed_read_consumes_nothing()
    {
        WireReader reader = new([0x01]);
        Assert.False(reader.TryReadUInt16(out _));
        Assert.False(reader.TryReadUInt32(out _));
        Assert.False(reader.TryReadUInt64(out _));
        Assert.False(reader.TryReadBytes(2, out _));
        Assert.Equal(0, reader.Position);
        Assert.True(reader.TryReadByte(out _));
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        Prng prng = new(7);
        byte[] bytes = new byte[16];
        for (int i = 0; i < 10_000; i++)
        {
            for (int b = 0; b < bytes.Length; b++)
            {
                bytes[b] = (byte)prng.Next(256);
            }
            WireReader reader = new(bytes.AsSpan(0, prng.Next(bytes.Length + 1)));
            while (reader.TryReadVarInt(out ulong value))
            {
                Assert.True(value <= VarInt.MaxValue);
            }
        }
    }

    [Fact]
    public void Writing_past_the_end_is_a_fault_of_ours()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() =>
        {
            WireWriter writer = new(new byte[3]);
            writer.WriteUInt32(1);
        });
    }
}
