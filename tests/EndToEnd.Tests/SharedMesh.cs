using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Xunit;

namespace Darkbloom.EndToEnd.Tests;

/// <summary>One mesh for every test that doesn't harm it.</summary>
public sealed class SharedMesh : IAsyncLifetime
{
    public const string SpeechModel = "darkbloom-words";

    internal MeshProcess Mesh { get; private set; } = null!;

    internal OfficialClient Client => new(Mesh.Url, Mesh.ApiKey);

    public async Task InitializeAsync()
    {
        Mesh = await MeshProcess.StartAsync();

        // A gateway is ready when one model has a node; the node that hears recordings may be listed a moment later.
        JsonElement models;
        do
        {
            models = await Client.RunAsync("models");
        }
        while (!models.EnumerateArray().Any(static model => model.GetString() == SpeechModel));
    }

    public async Task DisposeAsync() => await Mesh.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class SharedMeshGroup : ICollectionFixture<SharedMesh>
{
    public const string Name = "a shared mesh";
}
