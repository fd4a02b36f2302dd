using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Dispatch;
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
