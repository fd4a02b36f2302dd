using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Node.Engines.Audio;
using Darkbloom.Node.Engines.Whisper;
using Darkbloom.Node.Tests.Engines.Audio;
using Xunit;

namespace Darkbloom.Node.Tests.Engines;

public sealed class SoundSpansTests
{
    private const int FrameSamples = 480;

    /// <summary>Frames of 30 ms in the longest silence that stays.</summary>
    private const int SilenceFrames = SoundSpans.SilenceSecondsMax * 1000 / 30;

    private const int SpanFrames = SoundSpans.SpanSecondsMax * 1000 / 30;

    private const short Loud = 8000;
    private const short Quiet = 200;

    [Fact]
    public void A_short_recording_is_one_span_as_it_is() =>
        Assert.Equal([(0, 310)], Of((100, 0), (10, Loud), (200, 0)));

    [Fact]
    public void Where_nothing_is_said_nothing_is_heard() => Assert.Empty(Of((1000, 0)));

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    public void A_silence_parts_spans_once_it_is_longer_than_what_stays(int more, int spans) =>
        Assert.Equal(spans, Of((10, Loud), (SilenceFrames + more, 0), (10, Loud)).Count);

    [Fact]
    public void A_long_silence_is_left_out_but_for_some_of_it_on_each_side() =>
        Assert.Equal([(0, 26), (994, 26)], Of((10, Loud), (1000, 0), (10, Loud)));

    [Fact]
    public void A_long_silence_before_the_first_sound_is_left_out_too() =>
        Assert.Equal([(984, 26)], Of((1000, 0), (10, Loud)));

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    public void Sound_is_parted_once_it_is_longer_than_a_span(int more, int spans) =>
        Assert.Equal(spans, Of((SpanFrames + more, Loud)).Count);

    [Fact]
    public void Long_sound_is_parted_where_it_is_quietest_near_the_end_of_a_span()
    {
        int cut = SpanFrames - 300;
        Assert.Equal([(0, cut), (cut, 1501)], Of((cut, Loud), (1, Quiet), (1500, Loud)));
    }

    [Fact]
    public void Nothing_that_is_loud_is_lost_and_nothing_is_heard_twice()
    {
        List<(int Start, int Length)> spans = Of((3, 0), (9000, Loud), (700, 0), (5, Loud), (340, 0), (4001, Loud), (900, 0));
        Assert.All(spans.Zip(spans.Skip(1)), static pair => Assert.True(pair.First.Start + pair.First.Length <= pair.Second.Start));
        Assert.All(spans, static span => Assert.InRange(span.Length, 1, SpanFrames));
        foreach ((int start, int length) in new[] { (3, 9000), (9703, 5), (10_048, 4001) })
        {
            Assert.All(Enumerable.Range(start, length), frame =>
                Assert.Contains(spans, span => span.Start <= frame && frame < span.Start + span.Length));
        }
    }

    /// <summary>The spans of a recording that has so many frames of such a loudness each, in frames.</summary>
    private static List<(int Start, int Length)> Of(params (int Frames, short Level)[] parts)
    {
        List<byte> bytes = [];
        foreach ((int frames, short level) in parts)
        {
            byte[] sample = BitConverter.GetBytes(level);
            for (int i = 0; i < frames * FrameSamples; i++)
            {
                bytes.AddRange(sample);
            }
        }

        Recording recording = Decode.Whole(new WavBytes().Build([.. bytes]));
        return [.. SoundSpans.Of(recording).Select(static span => ((int)(span.Start / FrameSamples), span.Length / FrameSamples))];
    }
}
