using System.Collections.Generic;
using System.Linq;
using System.Text;
using Darkbloom.Node.Engines.Whisper;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Node.Tests.Engines;

public sealed class WordReaderTests
{
    [Fact]
    public void Tokens_are_put_together_where_no_space_begins_one() => Assert.Equal(
        [("seventeen", 0u, 20u), ("eight", 20u, 30u)], Read("en", " seven", "teen", " eight"));

    [Fact]
    public void Punctuation_belongs_to_no_word_and_signs_that_are_read_out_do() => Assert.Equal(
        [("well", 0u, 10u), ("50%", 20u, 30u), ("it's", 30u, 40u)], Read("en", " \"well,\"", " -", " 50%", " it's."));

    [Theory]
    [InlineData("zh")]
    [InlineData("ja")]
    [InlineData("th")]
    public void Where_nobody_writes_spaces_each_token_is_a_word(string language) =>
        Assert.Equal(["你", "好", "吗"], Read(language, "你", "好", "吗", "。").Select(static word => word.Text));

    [Fact]
    public void A_character_that_comes_in_two_tokens_is_one_word_with_the_times_of_both()
    {
        byte[] character = Encoding.UTF8.GetBytes("你");
        Assert.Equal([("你", 0u, 20u), ("好", 20u, 30u)], Read("zh", character[..1], character[1..], Encoding.UTF8.GetBytes("好")));
    }

    [Fact]
    public void A_time_that_runs_backwards_ends_no_word_before_it_begins()
    {
        WordReader reader = new(static _ => " a"u8);
        reader.Begin("en");
        reader.Add(0, startMs: 50, endMs: 40);
        TranscriptWord word = Assert.Single(reader.End());
        Assert.Equal((50u, 50u), (word.StartMs, word.EndMs));
    }

    [Fact]
    public void A_segment_begins_without_the_words_of_the_last_one()
    {
        WordReader reader = new(static _ => " a"u8);
        reader.Begin("en");
        reader.Add(0, 0, 10);
        Assert.Single(reader.End());
        reader.Begin("en");
        Assert.Empty(reader.End());
    }

    private static List<(string Text, uint StartMs, uint EndMs)> Read(string language, params string[] pieces) =>
        Read(language, [.. pieces.Select(static piece => Encoding.UTF8.GetBytes(piece))]);

    /// <summary>Each token lasts ten milliseconds.</summary>
    private static List<(string Text, uint StartMs, uint EndMs)> Read(string language, params byte[][] pieces)
    {
        WordReader reader = new(token => pieces[token]);
        reader.Begin(language);
        for (int token = 0; token < pieces.Length; token++)
        {
            reader.Add(token, (uint)token * 10, ((uint)token * 10) + 10);
        }

        return [.. reader.End().Select(static word => (word.Text, word.StartMs, word.EndMs))];
    }
}
