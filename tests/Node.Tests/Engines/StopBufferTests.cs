using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Darkbloom.Node.Engines.Llama.Text;
using Xunit;

namespace Darkbloom.Node.Tests.Engines;

public sealed class StopBufferTests
{
    [Fact]
    public void Text_without_stops_passes_at_once() => Assert.Equal("abc", new StopBuffer([]).Append("abc"));

    [Fact]
    public void A_stop_inside_one_piece_cuts_it()
    {
        StopBuffer buffer = new(["STOP"]);

        Assert.Equal("ab", buffer.Append("abSTOPcd"));
        Assert.True(buffer.IsStopped);
        Assert.Equal("", buffer.Finish());
    }

    [Fact]
    public void The_beginning_of_a_stop_is_held_until_it_is_known()
    {
        StopBuffer buffer = new(["</s>"]);

        Assert.Equal("a", buffer.Append("a<"));
        Assert.Equal("", buffer.Append("/"));
        Assert.Equal("</b", buffer.Append("b"));
        Assert.False(buffer.IsStopped);
    }

    [Fact]
    public void A_stop_over_several_pieces_is_found()
    {
        StopBuffer buffer = new(["</s>"]);

        Assert.Equal("x", buffer.Append("x<") + buffer.Append("/") + buffer.Append("s") + buffer.Append(">"));
        Assert.True(buffer.IsStopped);
    }

    [Fact]
    public void A_held_beginning_may_hide_another_beginning()
    {
        StopBuffer buffer = new(["aab"]);

        Assert.Equal("", buffer.Append("aa"));
        Assert.Equal("a", buffer.Append("a"));
        Assert.Equal("", buffer.Append("b"));
        Assert.True(buffer.IsStopped);
    }

    [Fact]
    public void What_is_held_at_the_end_is_text()
    {
        StopBuffer buffer = new(["END"]);

        Assert.Equal("the ", buffer.Append("the EN"));
        Assert.Equal("EN", buffer.Finish());
        Assert.Equal("", buffer.Finish());
    }

    [Fact]
    public void The_longest_of_two_stops_that_end_together_cuts() =>
        Assert.Equal("x", new StopBuffer(["b", "ab"]).Append("xab"));

    [Fact]
    public void Nothing_can_follow_a_stop()
    {
        StopBuffer buffer = new(["."]);
        buffer.Append(".");

        Assert.Throws<InvalidOperationException>(() => buffer.Append("x"));
    }

    [Fact]
    public void An_empty_stop_is_refused() => Assert.Throws<ArgumentException>(() => new StopBuffer([""]));

    [Fact]
    public void How_the_text_is_cut_changes_nothing()
    {
        Random random = new(3);
        for (int round = 0; round < 5000; round++)
        {
            string[] stops = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Letters(random, random.Next(1, 5)))];
            string text = Letters(random, random.Next(0, 30));
            string whole = Run(stops, [text]);
            string cut = Run(stops, Cut(random, text));

            Assert.True(whole == cut, $"stops {string.Join(' ', stops)}, text {text}: {whole} and {cut}");
            Assert.DoesNotContain(stops, stop => whole.Contains(stop, StringComparison.Ordinal));
            Assert.StartsWith(whole, text, StringComparison.Ordinal);
        }
    }

    private static string Run(string[] stops, IEnumerable<string> pieces)
    {
        StopBuffer buffer = new(stops);
        StringBuilder text = new();
        foreach (string piece in pieces)
        {
            text.Append(buffer.Append(piece));
            if (buffer.IsStopped)
            {
                return text.ToString();
            }
        }

        return text.Append(buffer.Finish()).ToString();
    }

    private static IEnumerable<string> Cut(Random random, string text)
    {
        for (int start = 0; start < text.Length;)
        {
            int length = Math.Min(random.Next(0, 4), text.Length - start);
            yield return text.Substring(start, length);
            start += length;
        }
    }

    private static string Letters(Random random, int count) =>
        string.Concat(Enumerable.Range(0, count).Select(_ => (char)('a' + random.Next(3))));
}
