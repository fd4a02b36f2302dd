using System.IO;
using System.Net;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Node.Models;

namespace Darkbloom.Node;

/// <summary>How a node takes part in the mesh, and what it serves.</summary>
public sealed record NodeOptions
{
    public string Network { get; init; } = "darkbloom";

    /// <summary>Where the peer's UDP socket binds; port 0 lets the system choose.</summary>
    public IPEndPoint Bind { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>Holds the peer's private key.</summary>
    public required string StateDirectory { get; init; }

    public required RendezvousAddress Rendezvous { get; init; }

    public string JoinSecret { get; init; } = "";

    /// <summary>The id of a model in the catalogue, or a GGUF file.</summary>
    public string Model { get; init; } = ModelCatalogue.BuiltInId;

    /// <summary>Where the owner's own models are catalogued; empty: below <see cref="StateDirectory"/>.</summary>
    public string ModelsDirectory { get; init; } = "";

    /// <summary>Choices that are decoded at once.</summary>
    public int Slots { get; init; } = 4;

    /// <summary>Choices that may wait for a slot.</summary>
    public int QueueMax { get; init; } = 16;

    /// <summary>Zero: what the model was trained with, within reason.</summary>
    public int ContextTokensPerSlot { get; init; }

    /// <summary>CPU threads of the engine; zero: all processors but one.</summary>
    public int Threads { get; init; }

    internal ModelCatalogue Catalogue => new(
        ModelCatalogue.ShippedDirectory, ModelsDirectory.Length > 0 ? ModelsDirectory : Path.Combine(StateDirectory, "models"));

    /// <summary>Names no secret: a record's own text would print the join secret.</summary>
    public override string ToString() => $"node of {Network} with {Model}";
}
