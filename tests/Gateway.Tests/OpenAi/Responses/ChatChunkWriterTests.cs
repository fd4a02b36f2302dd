using System.Buffers;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Protocol.Schema;
using Darkbloom.Tests.Support;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi.Responses;

public sealed class ChatChunkWriterTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_token_allocates_nothing(bool padded)
    {
        ArrayBufferWriter<byte> output = new(1024 * 1024);
        GenerateRequest generate = new() { Choices = 1, Sampling = new Sampling { Seed = 1 } };
        using ChatChunkWriter chunks = new(
            output, new CompletionHeader("chatcmpl-1", 1, "acme/tiny", "fp"), generate, new StreamOptions(true, padded));
        TokenDelta delta = Say.Text(" token é").Delta;

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            output.ResetWrittenCount();
            for (int i = 0; i < 1000; i++)
            {
                chunks.TryWriteDelta(delta);
            }
        }));
        Assert.True(output.WrittenCount > 100_000);
    }
}
