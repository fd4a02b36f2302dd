using System;
using System.Linq;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Mesh.Tests.Dispatch;

public sealed class TranscriptTests
{
    [Fact]
    public void A_continuation_is_the_prompt_with_what_each_choice_was_told()
    {
        GenerateRequest prompt = new() { Model = "tiny", Choices = 2, Messages = { new ChatMessage { Content = "Hello" } } };
        Transcript told = new(Terms(prompt));
        told.OnDelta(new TokenDelta { Choice = 1, TokenIds = { 7, 8 } });
        told.OnDelta(new TokenDelta { Choice = 1, Offset = 2, TokenIds = { 9 } });
        told.OnChoiceEnd(new ChoiceEnd { Choice = 1, Reason = FinishReason.Length });

        GenerateRequest continuation = told.ContinuationOf(prompt);

        Assert.Equal(
            [new ToldChoice(), new ToldChoice { TokenIds = { 7, 8, 9 }, Ended = FinishReason.Length }], continuation.Told);
        continuation.Told.Clear();
        Assert.Equal(prompt, continuation);
    }

    [Fact]
    public void The_longest_answer_that_is_kept_fits_a_message_with_its_prompt()
    {
        GenerateRequest prompt = new() { Choices = 1, Messages = { new ChatMessage { Content = new string('x', 4_000_000) } } };
        Transcript told = new(Terms(prompt));
        GenerateRequest last = prompt;
        while (told.IsWhole)
        {
            last = told.ContinuationOf(prompt);
            told.OnDelta(new TokenDelta { TokenIds = { Enumerable.Repeat(uint.MaxValue, 1000) } });
        }

        Assert.True(OfferTerms.TryOffer(With(last), out _));
        Assert.Throws<InvalidOperationException>(() => told.ContinuationOf(prompt));
    }

    private static GenerateRequest With(GenerateRequest request)
    {
        request.RequestId = Google.Protobuf.ByteString.CopyFrom(new byte[InferenceLimits.RequestIdBytes]);
        request.Model = "t";
        return request;
    }

    private static OfferTerms Terms(GenerateRequest prompt) => new()
    {
        RequestId = 1,
        Model = "tiny",
        PromptBytes = (uint)With(prompt.Clone()).CalculateSize(),
        OutputTokensMax = 0,
        Choices = prompt.Choices,
    };
}
