using System;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Mesh.Tests.Dispatch;

public sealed class OfferTermsTests
{
    [Fact]
    public void An_offer_survives_the_round_trip()
    {
        Offer offer = Offer(static o =>
        {
            (o.FirstTokenMsMax, o.Attempt, o.Batch) = (1500, 2, true);
            o.Leases.Add([7, ulong.MaxValue]);
        });

        Assert.True(OfferTerms.TryRead(offer, out OfferTerms terms));
        Assert.Equal(offer, terms.ToOffer());
        Assert.Equal(TimeSpan.FromSeconds(1.5), terms.FirstTokenMax);
    }

    [Fact]
    public void An_offer_at_its_limits_is_read()
    {
        Assert.True(Reads(static o => o.Model = new string('m', InferenceLimits.ModelCharsMax)));
        Assert.True(Reads(static o => o.PromptBytes = 1));
        Assert.True(Reads(static o => o.PromptBytes = InferenceLimits.PromptBytesMax));
        Assert.True(Reads(static o => o.OutputTokensMax = InferenceLimits.ContextTokensMax));
        Assert.True(Reads(static o => o.Choices = 1));
        Assert.True(Reads(static o => o.Choices = InferenceLimits.ChoicesMax));
        Assert.True(Reads(static o => o.Leases.Add(new ulong[InferenceLimits.OfferLeasesMax])));
        Assert.True(Reads(static o => o.AudioBytes = InferenceLimits.AudioBytesMax - 1));
        Assert.True(Reads(static o => o.AudioBytes = InferenceLimits.AudioBytesMax));
    }

    [Fact]
    public void An_offer_beyond_its_limits_is_malformed()
    {
        Assert.False(OfferTerms.TryRead(null, out _));
        Assert.False(Reads(static o => o.RequestId = ByteString.CopyFrom(new byte[InferenceLimits.RequestIdBytes - 1])));
        Assert.False(Reads(static o => o.RequestId = ByteString.CopyFrom(new byte[InferenceLimits.RequestIdBytes + 1])));
        Assert.False(Reads(static o => o.Model = ""));
        Assert.False(Reads(static o => o.Model = new string('m', InferenceLimits.ModelCharsMax + 1)));
        Assert.False(Reads(static o => o.PromptBytes = 0));
        Assert.True(Reads(static o => o.TextBytes = o.PromptBytes));
        Assert.False(Reads(static o => o.TextBytes = o.PromptBytes + 1));
        Assert.False(Reads(static o => o.PromptBytes = InferenceLimits.PromptBytesMax + 1));
        Assert.False(Reads(static o => o.OutputTokensMax = InferenceLimits.ContextTokensMax + 1));
        Assert.False(Reads(static o => o.Choices = 0));
        Assert.False(Reads(static o => o.Choices = InferenceLimits.ChoicesMax + 1));
        Assert.False(Reads(static o => o.Leases.Add(new ulong[InferenceLimits.OfferLeasesMax + 1])));
        Assert.False(Reads(static o => o.AudioBytes = InferenceLimits.AudioBytesMax + 1));
    }

    [Fact]
    public void A_prompt_is_covered_by_its_own_offer_and_by_no_other()
    {
        GenerateRequest prompt = Prompts.Valid();
        Assert.True(OfferTerms.TryOffer(prompt, out OfferTerms terms));
        Assert.True(terms.Covers(prompt));
        Assert.True((terms with { PromptBytes = terms.PromptBytes + 1 }).Covers(prompt));

        Assert.False((terms with { PromptBytes = terms.PromptBytes - 1 }).Covers(prompt));
        Assert.True((terms with { TextBytes = terms.TextBytes + 1 }).Covers(prompt));
        Assert.True((terms with { TextBytes = 0 }).Covers(prompt));
        Assert.False((terms with { TextBytes = terms.TextBytes - 1 }).Covers(prompt));
        Assert.False((terms with { RequestId = terms.RequestId + 1 }).Covers(prompt));
        Assert.False((terms with { Model = "other" }).Covers(prompt));
        Assert.False((terms with { Choices = terms.Choices + 1 }).Covers(prompt));
        Assert.False((terms with { OutputTokensMax = terms.OutputTokensMax + 1 }).Covers(prompt));
    }

    [Fact]
    public void An_audio_file_is_offered_by_its_size_and_follows_a_prompt_without_it()
    {
        GenerateRequest prompt = Prompts.Valid(static p =>
        {
            p.Messages.Clear();
            p.Transcription = new TranscriptionTask { Audio = ByteString.CopyFrom(new byte[1000]) };
        });
        Assert.True(OfferTerms.TryOffer(prompt, out OfferTerms terms));
        Assert.Equal(1000u, terms.AudioBytes);
        GenerateRequest first = OfferTerms.WithoutAudio(prompt);
        Assert.True(first.Transcription.Audio.IsEmpty);
        Assert.Equal(1000, prompt.Transcription.Audio.Length);
        Assert.True(terms.Covers(first));
        Assert.False(terms.Covers(prompt));
        Assert.False((terms with { AudioBytes = 0 }).Covers(first));
    }

    [Fact]
    public void A_prompt_that_no_node_could_take_is_not_offered() =>
        Assert.False(OfferTerms.TryOffer(
            Prompts.Valid(static p => p.Messages[0].Content = new string('x', (int)InferenceLimits.PromptBytesMax)), out _));

    private static bool Reads(Action<Offer> change) => OfferTerms.TryRead(Offer(change), out _);

    private static Offer Offer(Action<Offer> change)
    {
        Offer offer = new()
        {
            RequestId = ByteString.CopyFrom(new byte[InferenceLimits.RequestIdBytes]),
            Model = "tiny",
            PromptBytes = 100,
            OutputTokensMax = 10,
            Choices = 1,
        };
        change(offer);
        return offer;
    }
}
