using System.Threading.Tasks;
using Xunit;

namespace Darkbloom.EndToEnd.Tests;

/// <summary>One mesh for every test that doesn't harm it.</summary>
public sealed class SharedMesh : IAsyncLifetime
{
    internal MeshProcess Mesh { get; private set; } = null!;

    internal OfficialClient Client => new(Mesh.Url, Mesh.ApiKey);

    public async Task InitializeAsync() => Mesh = await MeshProcess.StartAsync();

    public async Task DisposeAsync() => await Mesh.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class SharedMeshGroup : ICollectionFixture<SharedMesh>
{
    public const string Name = "a shared mesh";
}
