using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Gateway.Tests.Dispatching;

/// <summary>A recording whose node dies.</summary>
public sealed class TranscriptionFailoverTests
{
    private static readonly byte[] _audio = [.. Enumerable.Range(0, 600_000).Select(static i => unchecked((byte)(i * 31)))];

    [Fact]
    public async Task A_recording_goes_to_another_node_when_its_own_dies_before_the_first_word()
    {
        int heard = 0;
        await using ClientFixture mesh = await StartAsync(async stream =>
        {
            _ = await stream.AcceptAsync();
            Assert.Equal(_audio, await stream.ReadAudioAsync());
            if (System.Threading.Interlocked.Increment(ref heard) == 1)
            {
                stream.Node.Signal("heard");
                await stream.HangAsync();
            }

            await stream.SayAsync(new NodeResponse { TranscriptStart = new TranscriptStart { DurationMs = 1000, Language = "en" } });
            await stream.SayAsync(new NodeResponse { TranscriptSegment = new TranscriptSegment { Text = " words" } });
            await stream.EndAsync(tokens: 0);
        });
        Task<List<NodeResponse>> asked = mesh.AskAsync(Request());
        await KillAsync(mesh, "heard");
        List<NodeResponse> told = await asked;
        Assert.Equal(" words", Assert.Single(told, static response => response.TranscriptSegment is not null).TranscriptSegment.Text);
        Assert.Equal(2, heard);
    }

    [Fact]
    public async Task Words_that_were_told_are_not_told_again_by_another_node()
    {
        int heard = 0;
        await using ClientFixture mesh = await StartAsync(async stream =>
        {
            _ = await stream.AcceptAsync();
            _ = await stream.ReadAudioAsync();
            _ = System.Threading.Interlocked.Increment(ref heard);
            await stream.SayAsync(new NodeResponse { TranscriptStart = new TranscriptStart { DurationMs = 1000, Language = "en" } });
            await stream.SayAsync(new NodeResponse { TranscriptSegment = new TranscriptSegment { Text = " words" } });
            stream.Node.Signal("told");
            await stream.HangAsync();
        });
        List<NodeResponse> told = [];
        Task<InferenceException> failed = Assert.ThrowsAsync<InferenceException>(async () =>
        {
            await foreach (NodeResponse response in mesh.Client.GenerateAsync(Request(), "", mesh.Patience))
            {
                told.Add(response);
                if (response.TranscriptSegment is not null)
                {
                    await KillAsync(mesh, "told");
                }
            }
        });
        Assert.Equal(InferenceOutcome.PeerLost, (await failed).Outcome);
        Assert.Single(told, static response => response.TranscriptSegment is not null);
        Assert.Equal(1, heard);
    }

    private static GenerateRequest Request()
    {
        GenerateRequest request = ClientFixture.Prompt(outputTokensMax: 0);
        request.Messages.Clear();
        request.Transcription = new TranscriptionTask { Audio = ByteString.CopyFrom(_audio) };
        return request;
    }

    /// <summary>Two nodes that hear recordings.</summary>
    private static async Task<ClientFixture> StartAsync(Func<NodeStream, Task> script)
    {
        ClientFixture mesh = new();
        DirectoryEntry[] entries = [mesh.Add(script).Entry(), mesh.Add(script).Entry()];
        foreach (DirectoryEntry entry in entries)
        {
            entry.Card.Models[0].Transcription = true;
        }

        mesh.Connections.OnDirectory(entries);
        await mesh.UntilAsync(static routes => routes.Length == 2 && routes.ToArray().All(static route => route.Load is not null));
        return mesh;
    }

    /// <summary>Takes away the node that says that it is so far.</summary>
    private static async Task KillAsync(ClientFixture mesh, string signal)
    {
        Task[] waits = [.. mesh.Nodes.Select(node => node.WaitForAsync(signal))];
        Task first = await Task.WhenAny(waits);
        await mesh.Nodes[Array.IndexOf(waits, first)].DisposeAsync();
    }
}
