using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Node.Engines.Audio;
using Darkbloom.Node.Tests.Engines.Audio;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Node.Tests.Engines;

public sealed class WhisperEngineTests(SpeechFixture fixture) : IClassFixture<SpeechFixture>
{
    [Fact]
    public async Task What_was_said_is_written_down()
    {
        List<NodeResponse> told = await HearAsync(SpeechFixture.Request(Recordings.SevenEightNine));
        Assert.Equal(" seven eight nine", string.Concat(told.Select(static response => response.TranscriptSegment?.Text)));
        Assert.Equal(InferenceFault.None, told[^1].End.Fault);
    }

    [Fact]
    public async Task What_is_told_obeys_the_rules_of_the_stream()
    {
        GenerateRequest request = SpeechFixture.Request(Recordings.SevenEightNine);
        request.Transcription.WordTimestamps = true;
        Assert.True(OfferTerms.TryOffer(request, out OfferTerms offer));
        ResponseReader reader = new(offer);
        Assert.Equal(ResponseViolation.None, reader.Read(new NodeResponse { Accepted = new Accepted() }));
        foreach (NodeResponse response in await HearAsync(request))
        {
            Assert.Equal(ResponseViolation.None, reader.Read(response));
        }
    }

    /// <summary>Twenty minutes would take far longer than a passing test waits.</summary>
    [Fact]
    public async Task A_client_that_leaves_ends_the_hearing_and_the_next_one_is_heard()
    {
        using CancellationTokenSource client = new();
        List<NodeResponse> told = [];
        Task leaving = Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (NodeResponse response in fixture.Engine.GenerateAsync(SpeechFixture.Request(Repeated(minutes: 20)), client.Token))
            {
                told.Add(response);
                if (response.TranscriptSegment is not null)
                {
                    await client.CancelAsync();
                }
            }
        });
        await leaving.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.DoesNotContain(told, static response => response.End is not null);

        List<NodeResponse> next = await HearAsync(SpeechFixture.Request(Recordings.FourFiveSix)).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(" four five six", string.Concat(next.Select(static response => response.TranscriptSegment?.Text)));
    }

    /// <summary>A phrase, said again and again.</summary>
    private static byte[] Repeated(int minutes)
    {
        byte[] file = File.ReadAllBytes(Recordings.SevenEightNine);
        byte[] samples = file[44..];
        int times = (int)(minutes * 60L * Recording.SampleRate * sizeof(short) / samples.Length);
        return new WavBytes().Build([.. Enumerable.Repeat(samples, times).SelectMany(static part => part)]);
    }

    private async Task<List<NodeResponse>> HearAsync(GenerateRequest request, CancellationToken cancellationToken = default)
    {
        List<NodeResponse> told = [];
        await foreach (NodeResponse response in fixture.Engine.GenerateAsync(request, cancellationToken))
        {
            told.Add(response);
        }

        return told;
    }
}
