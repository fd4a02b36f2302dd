using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Node.Tests.Serving;

/// <summary>An audio file follows its prompt in parts.</summary>
public sealed class AudioPartTests
{
    private const int AudioBytes = 600_000;

    [Theory]
    [InlineData(InferenceLimits.AudioPartBytesMax)]
    [InlineData(InferenceLimits.AudioPartBytesMax - 1)]
    [InlineData(100_000)]
    public async Task A_file_reaches_the_engine_whole_whatever_its_parts(int partBytes)
    {
        await using ServingFixture node = Serving();
        await using MeshConnection connection = await node.ConnectAsync();
        byte[] audio = Audio();
        await using MessageStream<NodeRequest, NodeResponse> stream = await SendAsync(node, connection, [.. audio.Chunk(partBytes)]);
        await node.ReadAllAsync(stream);
        GenerateRequest heard = Assert.Single(node.Engine.Prompts);
        Assert.Equal(audio, heard.Transcription.Audio.ToByteArray());
    }

    [Fact]
    public async Task Parts_that_are_not_what_was_offered_break_the_protocol()
    {
        await using ServingFixture node = Serving();
        await using MeshConnection connection = await node.ConnectAsync();
        byte[] audio = Audio();
        byte[][][] wrong =
        [
            [[]],
            [audio[..(InferenceLimits.AudioPartBytesMax + 1)]],
            [audio[..200_000], audio[..200_000], audio[..200_001]],
        ];
        foreach (byte[][] parts in wrong)
        {
            await using MessageStream<NodeRequest, NodeResponse> stream = await SendAsync(node, connection, parts);
            MeshException reset = await Assert.ThrowsAsync<MeshException>(() => stream.ReadAsync(node.Patience).AsTask());
            Assert.Equal((ulong)InferenceStreamError.Violation, reset.Code);
        }

        Assert.Empty(node.Engine.Prompts);
        await node.Desk.WhenIdleAsync().WaitAsync(node.Patience);
    }

    [Fact]
    public async Task A_file_that_ends_early_asks_nothing_of_the_engine_and_frees_its_slot()
    {
        await using ServingFixture node = Serving();
        await using MeshConnection connection = await node.ConnectAsync();
        await using MessageStream<NodeRequest, NodeResponse> stream = await SendAsync(node, connection, [Audio()[..1000]]);
        stream.CompleteWrites();
        await Assert.ThrowsAsync<MeshException>(() => stream.ReadAsync(node.Patience).AsTask());
        Assert.Empty(node.Engine.Prompts);
        await node.Desk.WhenIdleAsync().WaitAsync(node.Patience);
    }

    private static ServingFixture Serving() => new(
        new ScriptedEngine(static (_, cancellationToken) => Script.SayAsync(Script.Answer(tokens: 1), cancellationToken), slots: 1), audioBytesMax: AudioBytes);

    private static byte[] Audio() => [.. Enumerable.Range(0, AudioBytes).Select(static i => unchecked((byte)(i * 31)))];

    private static async Task<MessageStream<NodeRequest, NodeResponse>> SendAsync(ServingFixture node, MeshConnection connection, IEnumerable<byte[]> parts)
    {
        GenerateRequest prompt = ServingFixture.Prompt();
        prompt.Messages.Clear();
        prompt.Transcription = new TranscriptionTask { Audio = ByteString.CopyFrom(Audio()) };
        (MessageStream<NodeRequest, NodeResponse> stream, NodeResponse? answer) = await node.OfferAsync(connection, prompt);
        Assert.NotNull(answer?.Accepted);
        await stream.WriteAsync(new NodeRequest { Prompt = OfferTerms.WithoutAudio(prompt) }, node.Patience);
        foreach (byte[] part in parts)
        {
            await stream.WriteAsync(new NodeRequest { Audio = new AudioPart { Data = ByteString.CopyFrom(part) } }, node.Patience);
        }

        return stream;
    }
}
