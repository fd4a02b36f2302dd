using System;
using System.Linq;
using System.Numerics;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Protocol.Tests.Identity;

public sealed class PeerIdTests
{
    [Fact]
    public void Key_id_and_number_round_trip()
    {
        byte[] bytes = RandomBytes.Next(new Prng(1), PublicKey.Size);
        Assert.True(PublicKey.TryRead(bytes, out PublicKey key));
        Assert.Equal(bytes, key.ToBytes());
        Assert.True(PublicKey.TryParse(key.ToString(), out PublicKey parsed));
        Assert.Equal(key, parsed);
        Assert.True(PeerId.TryRead(bytes.AsSpan(0, PeerId.Size), out PeerId id));
        Assert.Equal(bytes[..PeerId.Size], id.ToBytes());
        Assert.Equal(Convert.ToHexStringLower(bytes.AsSpan(0, 4)), id.ToString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(PublicKey.Size - 1)]
    [InlineData(PublicKey.Size + 1)]
    public void Key_of_another_length_is_refused(int length)
    {
        Assert.False(PublicKey.TryRead(new byte[length], out _));
        Assert.False(PublicKey.TryParse(new string('0', 2 * length), out _));
        Assert.False(PeerId.TryRead(new byte[length], out _));
    }

    [Theory]
    [InlineData('g')]
    [InlineData(' ')]
    [InlineData('\u0660')]
    public void Text_with_other_than_hexadecimal_digits_is_refused(char digit) =>
        Assert.False(PublicKey.TryParse(new string('0', 127) + digit, out _));

    [Fact]
    public void Ids_order_as_numbers()
    {
        Prng prng = new(2);
        byte[][] values = [.. Enumerable.Range(0, 200).Select(_ => RandomBytes.Next(prng, PeerId.Size))];
        Assert.Equal(
            values.OrderBy(bytes => new BigInteger(bytes, isUnsigned: true, isBigEndian: true)).Select(Hex),
            values.OrderBy(Read).Select(Hex));
    }

    [Fact]
    public void Operators_agree_with_the_order()
    {
        PeerId small = new(new UInt256(0, 1));
        PeerId large = new(new UInt256(1, 0));
        Assert.True(small < large && large > small && small <= large && large >= small);
        Assert.True(small.Value < large.Value && large.Value > small.Value);
        Assert.True(small.Value <= large.Value && large.Value >= small.Value);
    }

    private static PeerId Read(byte[] bytes) => PeerId.TryRead(bytes, out PeerId id) ? id : default;

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
