using System;
using System.Buffers;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Protocol.Schema;
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

        // Code that the runtime replaces while it runs allocates on this thread: that happens before anything is counted.
        for (int i = 0; i < 5000; i++)
        {
            chunks.TryWriteDelta(delta);
            output.ResetWrittenCount();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            chunks.TryWriteDelta(delta);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(output.WrittenCount > 100_000);
    }
}
