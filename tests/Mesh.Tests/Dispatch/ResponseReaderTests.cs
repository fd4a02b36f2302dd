using System;
using System.Linq;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Mesh.Tests.Dispatch;

public sealed class ResponseReaderTests
{
    [Fact]
    public void A_stream_that_obeys_is_read_to_its_end()
    {
        Assert.All(
            Read(
                Accepted, new() { Prefill = new() { TokensDone = 3, TokensTotal = 9 } }, Delta(0, 0, 2), Delta(1, 0, 1),
                Delta(0, 2, 8), ChoiceEnd(0, FinishReason.Length), Resting(1), End(11)),
            static violation => Assert.Equal(ResponseViolation.None, violation));
    }

    [Fact]
    public void The_offer_is_answered_first_and_once()
    {
        AssertViolates(ResponseViolation.OutOfOrder, Delta(0, 0, 1));
        AssertViolates(ResponseViolation.OutOfOrder, new NodeResponse { Load = new() });
        AssertViolates(ResponseViolation.OutOfOrder, new NodeResponse());
        AssertViolates(ResponseViolation.OutOfOrder, Accepted, Accepted);
        AssertViolates(ResponseViolation.OutOfOrder, Accepted, new NodeResponse { Refused = new() });
        AssertViolates(ResponseViolation.OutOfOrder, new NodeResponse { Refused = new() }, Accepted);
        AssertViolates(ResponseViolation.OutOfOrder, Accepted, new NodeResponse());
        AssertViolates(ResponseViolation.OutOfOrder, new NodeResponse { Draining = new() });
        AssertViolates(
            ResponseViolation.OutOfOrder, Accepted, new NodeResponse { Draining = new() }, new NodeResponse { Draining = new() });
    }

    [Fact]
    public void Nothing_follows_the_end_or_a_violation()
    {
        AssertViolates(ResponseViolation.OutOfOrder, Accepted, ChoiceEnd(0), ChoiceEnd(1), End(0), End(0));
        ResponseViolation[] read = Read(Accepted, Delta(7, 0, 1), Delta(0, 0, 1));
        Assert.Equal(ResponseViolation.OutOfOrder, read[^1]);
    }

    [Fact]
    public void A_choice_that_was_not_asked_for_is_a_violation()
    {
        AssertViolates(ResponseViolation.ChoiceOutOfRange, Accepted, Delta(2, 0, 1));
        AssertViolates(ResponseViolation.ChoiceOutOfRange, Accepted, ChoiceEnd(2));
    }

    [Fact]
    public void A_choice_ends_once_and_is_silent_afterwards()
    {
        AssertViolates(ResponseViolation.ChoiceEnded, Accepted, ChoiceEnd(0), ChoiceEnd(0));
        AssertViolates(ResponseViolation.ChoiceEnded, Accepted, ChoiceEnd(0), Delta(0, 0, 1));
        AssertViolates(ResponseViolation.BadValue, Accepted, ChoiceEnd(0, FinishReason.Unspecified));
        AssertViolates(ResponseViolation.BadValue, Accepted, ChoiceEnd(0, (FinishReason)9));
    }

    [Fact]
    public void Text_without_tokens_is_an_echo_before_them_or_comes_with_the_end_of_its_choice()
    {
        Assert.Equal(ResponseViolation.None, Read(Accepted, Delta(0, 0, 0), Delta(0, 0, 1))[^1]);
        AssertViolates(ResponseViolation.BadValue, Accepted, Delta(0, 0, 1), Delta(0, 1, 0));
        AssertViolates(ResponseViolation.BadValue, Accepted, Resting(0, rest => rest.Choice = 1));
        AssertViolates(ResponseViolation.BadValue, Accepted, Resting(0, static rest => rest.TokenIds.Add(1)));
        AssertViolates(
            ResponseViolation.TooLarge, Accepted,
            Resting(0, static rest => rest.Content = new string('x', InferenceLimits.DeltaBytesMax)));
    }

    [Fact]
    public void A_continuation_begins_behind_what_was_told()
    {
        Transcript told = new(Terms());
        told.OnDelta(Delta(0, 0, 3).Delta);
        told.OnChoiceEnd(ChoiceEnd(1).ChoiceEnd);

        Assert.Equal(ResponseViolation.None, ReadOn(told, Accepted, Delta(0, 3, 7), ChoiceEnd(0), End(10))[^1]);
        Assert.Equal(ResponseViolation.OffsetNotConsecutive, ReadOn(told, Accepted, Delta(0, 0, 1))[^1]);
        Assert.Equal(ResponseViolation.TooManyTokens, ReadOn(told, Accepted, Delta(0, 3, 8))[^1]);
        Assert.Equal(ResponseViolation.ChoiceEnded, ReadOn(told, Accepted, Delta(1, 0, 1))[^1]);

        static ResponseViolation[] ReadOn(Transcript told, params NodeResponse[] responses)
        {
            ResponseReader reader = new(Terms(), told);
            return [.. responses.Select(reader.Read)];
        }
    }

    [Theory]
    [InlineData(2u)]
    [InlineData(4u)]
    public void Offsets_are_consecutive(uint offset) =>
        AssertViolates(ResponseViolation.OffsetNotConsecutive, Accepted, Delta(0, 0, 3), Delta(0, offset, 1));

    [Fact]
    public void No_choice_gets_more_tokens_than_were_asked_for()
    {
        Assert.Equal(ResponseViolation.None, Read(Accepted, Delta(0, 0, 9), Delta(0, 9, 1))[^1]);
        AssertViolates(ResponseViolation.TooManyTokens, Accepted, Delta(0, 0, 10), Delta(0, 10, 1));
        AssertViolates(ResponseViolation.TooManyTokens, Accepted, Delta(0, 0, 11));
    }

    [Theory]
    [InlineData(InferenceLimits.DeltaTokensMax - 1, ResponseViolation.None)]
    [InlineData(InferenceLimits.DeltaTokensMax, ResponseViolation.None)]
    [InlineData(InferenceLimits.DeltaTokensMax + 1, ResponseViolation.TooManyTokens)]
    public void One_delta_carries_a_bounded_number_of_tokens(int tokens, ResponseViolation violation) =>
        Assert.Equal(violation, ReadWith(Terms() with { OutputTokensMax = 0 }, Accepted, Delta(0, 0, tokens))[^1]);

    [Theory]
    [InlineData(-1, ResponseViolation.None)]
    [InlineData(0, ResponseViolation.None)]
    [InlineData(1, ResponseViolation.TooLarge)]
    public void One_delta_has_a_bounded_size(int beyond, ResponseViolation violation)
    {
        NodeResponse delta = Delta(0, 0, 1);
        delta.Delta.Content = new string('x', InferenceLimits.DeltaBytesMax - 100);
        int missing = InferenceLimits.DeltaBytesMax + beyond - delta.Delta.CalculateSize();
        delta.Delta.Content += new string('x', missing);

        Assert.Equal(violation, Read(Accepted, delta)[^1]);
    }

    [Theory]
    [InlineData(InferenceLimits.ToolCallsMax - 1, ResponseViolation.None)]
    [InlineData(InferenceLimits.ToolCallsMax, ResponseViolation.BadValue)]
    public void Tool_calls_are_bounded(uint index, ResponseViolation violation)
    {
        NodeResponse delta = Delta(0, 0, 1);
        delta.Delta.ToolCalls.Add(new ToolCallDelta { Index = index });

        Assert.Equal(violation, Read(Accepted, delta)[^1]);
    }

    [Fact]
    public void Progress_beyond_its_total_has_no_meaning() =>
        AssertViolates(
            ResponseViolation.BadValue, Accepted, new NodeResponse { Prefill = new() { TokensDone = 2, TokensTotal = 1 } });

    [Fact]
    public void A_generation_without_fault_ends_after_all_its_choices()
    {
        AssertViolates(ResponseViolation.EndedEarly, Accepted, ChoiceEnd(0), End(0));
        Assert.Equal(
            ResponseViolation.None,
            Read(Accepted, ChoiceEnd(0), new() { End = new() { Fault = InferenceFault.EngineFailed } })[^1]);
        AssertViolates(
            ResponseViolation.BadValue, Accepted, new NodeResponse { End = new() { Fault = (InferenceFault)50 } });
    }

    [Theory]
    [InlineData(6, ResponseViolation.None)]
    [InlineData(7, ResponseViolation.None)]
    [InlineData(8, ResponseViolation.UsageOutOfBounds)]
    public void Completion_tokens_are_those_that_were_sent_and_one_unsent_for_each_choice(
        uint completion, ResponseViolation violation) =>
        Assert.Equal(
            violation, Read(Accepted, Delta(0, 0, 3), Delta(1, 0, 2), ChoiceEnd(0), ChoiceEnd(1), End(completion))[^1]);

    [Fact]
    public void Usage_that_contradicts_the_request_or_itself_is_a_violation()
    {
        AssertUsage(static usage => usage.PromptTokens = uint.MaxValue);
        AssertUsage(static usage => usage.CachedPromptTokens = usage.PromptTokens + 1);
        AssertUsage(static usage => usage.ReasoningTokens = usage.CompletionTokens + 1);
        AssertViolates(
            ResponseViolation.UsageOutOfBounds, Accepted, ChoiceEnd(0), ChoiceEnd(1), new NodeResponse { End = new() });

        static void AssertUsage(Action<Usage> change)
        {
            NodeResponse end = End(0);
            change(end.End.Usage);
            AssertViolates(ResponseViolation.UsageOutOfBounds, Accepted, ChoiceEnd(0), ChoiceEnd(1), end);
        }
    }

    [Fact]
    public void A_fingerprint_has_a_bounded_length()
    {
        NodeResponse end = End(0);
        end.End.Fingerprint = new string('f', InferenceLimits.FingerprintCharsMax + 1);

        AssertViolates(ResponseViolation.TooLarge, Accepted, ChoiceEnd(0), ChoiceEnd(1), end);
    }

    [Fact]
    public void Random_messages_never_throw_and_never_pass_after_a_violation()
    {
        Prng prng = new(5);
        byte[] bytes = new byte[40];
        for (int round = 0; round < 20_000; round++)
        {
            ResponseReader reader = new(Terms());
            bool violated = false;
            for (int message = 0; message < 4; message++)
            {
                NodeResponse? response = Random(prng, bytes);
                if (response is not null)
                {
                    ResponseViolation violation = reader.Read(response);
                    Assert.True(!violated || violation != ResponseViolation.None);
                    violated |= violation != ResponseViolation.None;
                }
            }
        }
    }

    [Fact]
    public void A_transcript_begins_once_and_its_segments_are_counted()
    {
        AssertViolates(ResponseViolation.OutOfOrder, Accepted, Segment(0));
        AssertViolates(ResponseViolation.OutOfOrder, Accepted, Start(), Start());
        AssertViolates(ResponseViolation.OutOfOrder, Accepted, Start(), Segment(1));
        AssertViolates(ResponseViolation.OutOfOrder, Accepted, Start(), Segment(0), Segment(0));
        Assert.All(Read(Accepted, Start(), Segment(0), Segment(1)), static violation => Assert.Equal(ResponseViolation.None, violation));
    }

    [Theory]
    [InlineData(-1, ResponseViolation.None)]
    [InlineData(0, ResponseViolation.None)]
    [InlineData(1, ResponseViolation.BadValue)]
    public void A_recording_lasts_as_long_as_allowed(int more, ResponseViolation violation)
    {
        Assert.Equal(violation, Read(Accepted, Start(start => start.DurationMs = (uint)((InferenceLimits.AudioSecondsMax * 1000) + more)))[^1]);
        Assert.Equal(violation, Read(Accepted, Start(start => start.Language = new string('x', InferenceLimits.LanguageCharsMax + more)))[^1]);
    }

    [Theory]
    [InlineData(-1, ResponseViolation.None, ResponseViolation.None)]
    [InlineData(0, ResponseViolation.None, ResponseViolation.None)]
    [InlineData(1, ResponseViolation.TooLarge, ResponseViolation.TooManyTokens)]
    public void A_segment_has_as_many_words_and_tokens_as_allowed(int more, ResponseViolation forWords, ResponseViolation forTokens)
    {
        Assert.Equal(forWords, ReadSegment(segment => segment.Words.AddRange(
            Enumerable.Repeat(new TranscriptWord(), InferenceLimits.SegmentWordsMax + more))));
        Assert.Equal(forTokens, ReadSegment(segment => segment.TokenIds.AddRange(Enumerable.Repeat(1u, InferenceLimits.DeltaTokensMax + more))));
        int around = new TranscriptSegment { Text = new string('x', InferenceLimits.DeltaBytesMax / 2) }.CalculateSize() - (InferenceLimits.DeltaBytesMax / 2);
        Assert.Equal(forWords, ReadSegment(segment => segment.Text = new string('x', InferenceLimits.DeltaBytesMax - around + more)));
    }

    [Fact]
    public void Numbers_of_a_segment_are_numbers()
    {
        foreach (float value in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            Assert.Equal(ResponseViolation.BadValue, ReadSegment(segment => segment.Temperature = value));
            Assert.Equal(ResponseViolation.BadValue, ReadSegment(segment => segment.MeanLogprob = value));
            Assert.Equal(ResponseViolation.BadValue, ReadSegment(segment => segment.NoSpeechProbability = value));
        }
    }

    [Theory]
    [InlineData(-1, ResponseViolation.None)]
    [InlineData(0, ResponseViolation.None)]
    [InlineData(1, ResponseViolation.OutOfOrder)]
    public void A_transcript_has_as_many_segments_as_allowed(int more, ResponseViolation violation)
    {
        ResponseReader reader = new(Terms());
        Assert.Equal(ResponseViolation.None, reader.Read(Accepted));
        Assert.Equal(ResponseViolation.None, reader.Read(Start()));
        ResponseViolation last = ResponseViolation.None;
        for (uint index = 0; index < InferenceLimits.SegmentsMax + more; index++)
        {
            last = reader.Read(Segment(index));
        }

        Assert.Equal(violation, last);
    }

    private static ResponseViolation ReadSegment(Action<TranscriptSegment> change)
    {
        NodeResponse segment = Segment(0);
        change(segment.TranscriptSegment);
        return Read(Accepted, Start(), segment)[^1];
    }

    private static NodeResponse Start(Action<TranscriptStart>? change = null)
    {
        TranscriptStart start = new() { DurationMs = 1000, Language = "en" };
        change?.Invoke(start);
        return new NodeResponse { TranscriptStart = start };
    }

    private static NodeResponse Segment(uint index) => new() { TranscriptSegment = new TranscriptSegment { Index = index } };

    private static NodeResponse? Random(Prng prng, byte[] bytes)
    {
        switch (prng.Next(6))
        {
            case 0: return Accepted;
            case 1: return Delta((uint)prng.Next(4), (uint)prng.Next(4), prng.Next(5));
            case 2: return ChoiceEnd((uint)prng.Next(4), (FinishReason)prng.Next(5));
            case 3: return End((uint)prng.Next(20));
        }

        int length = prng.Next(bytes.Length);
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)prng.Next(256);
        }

        try
        {
            return NodeResponse.Parser.ParseFrom(bytes, 0, length);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static NodeResponse Accepted => new() { Accepted = new() };

    private static NodeResponse Delta(uint choice, uint offset, int tokens)
    {
        TokenDelta delta = new() { Choice = choice, Offset = offset, Content = "x" };
        delta.TokenIds.AddRange(Enumerable.Repeat(1u, tokens));
        return new NodeResponse { Delta = delta };
    }

    private static NodeResponse ChoiceEnd(uint choice, FinishReason reason = FinishReason.Stop) =>
        new() { ChoiceEnd = new() { Choice = choice, Reason = reason } };

    private static NodeResponse Resting(uint choice, Action<TokenDelta>? change = null)
    {
        NodeResponse end = ChoiceEnd(choice);
        end.ChoiceEnd.Rest = new TokenDelta { Choice = choice, Content = "x" };
        change?.Invoke(end.ChoiceEnd.Rest);
        return end;
    }

    private static NodeResponse End(uint completion) => new()
    {
        End = new() { Usage = new() { PromptTokens = 5, CompletionTokens = completion } },
    };

    private static OfferTerms Terms() => new()
    {
        RequestId = 1,
        Model = "tiny",
        PromptBytes = 100,
        OutputTokensMax = 10,
        Choices = 2,
    };

    private static ResponseViolation[] Read(params NodeResponse[] responses) => ReadWith(Terms(), responses);

    private static ResponseViolation[] ReadWith(in OfferTerms terms, params NodeResponse[] responses)
    {
        ResponseReader reader = new(terms);
        return [.. responses.Select(reader.Read)];
    }

    private static void AssertViolates(ResponseViolation violation, params NodeResponse[] responses)
    {
        ResponseViolation[] read = Read(responses);
        Assert.All(read[..^1], static earlier => Assert.Equal(ResponseViolation.None, earlier));
        Assert.Equal(violation, read[^1]);
    }
}
