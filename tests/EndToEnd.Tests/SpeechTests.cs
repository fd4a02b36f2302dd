using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Xunit;

namespace Darkbloom.EndToEnd.Tests;

/// <summary>Transcripts by the npm client, from the mesh's own speech node.</summary>
[Collection(SharedMeshGroup.Name)]
public sealed class SpeechTests(SharedMesh shared)
{
    private const string Said = "seven eight nine";

    private static string Recording(string name) => Path.Combine(Launcher.Root, "tests", "Support", "Recordings", name);

    [Fact]
    public async Task A_recording_becomes_text()
    {
        JsonElement done = await shared.Client.RunAsync("transcribe", new { file = Recording("seven-eight-nine.wav") });
        Assert.Equal(Said, done.GetProperty("text").GetString());
        Assert.Equal(2, done.GetProperty("usage").GetProperty("seconds").GetInt32());
    }

    [Fact]
    public async Task A_recording_becomes_text_in_pieces()
    {
        JsonElement[] events = [.. (await shared.Client.RunAsync("transcribe_stream", new { file = Recording("seven-eight-nine.wav") })).EnumerateArray()];
        Assert.Equal("transcript.text.done", events[^1].GetProperty("type").GetString());
        Assert.Equal(Said, events[^1].GetProperty("text").GetString());
        Assert.Equal(Said, string.Concat(events[..^1].Select(static e => e.GetProperty("delta").GetString())));
    }
}
