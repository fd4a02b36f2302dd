using System.Linq;
using System.Text;
using Darkbloom.Node.Engines.Llama.Text;
using Xunit;

namespace Darkbloom.Node.Tests.Engines;

public sealed class PieceDecoderTests
{
    [Fact]
    public void A_character_over_several_pieces_comes_with_its_last_byte()
    {
        PieceDecoder decoder = new();
        byte[] bytes = Encoding.UTF8.GetBytes("😀");

        Assert.Equal(["", "", "", "😀"], bytes.Select(b => decoder.Append([b])));
    }

    [Fact]
    public void Text_before_an_unfinished_character_is_not_held() =>
        Assert.Equal("é", new PieceDecoder().Append([0xC3, 0xA9, 0xE2, 0x82]));

    [Fact]
    public void Bytes_that_are_no_utf8_become_replacement_characters()
    {
        PieceDecoder decoder = new();

        Assert.Equal("\uFFFDa", decoder.Append([0xFF, (byte)'a']));
        Assert.Equal("", decoder.Append([0xE2, 0x82]));
        Assert.Equal("\uFFFDb", decoder.Append("b"u8));
    }

    [Fact]
    public void An_unfinished_character_at_the_end_becomes_one_replacement_character()
    {
        PieceDecoder decoder = new();
        decoder.Append([0xF0, 0x9F]);

        Assert.Equal("\uFFFD", decoder.Finish());
        Assert.Equal("", decoder.Finish());
    }
}
