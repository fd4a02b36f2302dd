using System.Net;
using Darkbloom.Mesh.Hosting;

namespace Darkbloom.Node;

/// <summary>What a node serves, where, and how much of the machine it takes.</summary>
public sealed record NodeOptions
{
    public string Network { get; init; } = "darkbloom";

    public IPEndPoint Bind { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>The node's key lives here.</summary>
    public required string StateDirectory { get; init; }

    public required RendezvousAddress Rendezvous { get; init; }

    public string JoinSecret { get; init; } = "";

    /// <summary>A GGUF file, or the id of a model in the catalogue.</summary>
    public string Model { get; init; } = "darkbloom-tiny";

    /// <summary>Where the models lie that this machine's owner added; null: in the state directory.</summary>
    public string? ModelsDirectory { get; init; }

    /// <summary>Choices that are decoded at once.</summary>
    public int Slots { get; init; } = 4;

    /// <summary>Choices that may wait for a slot.</summary>
    public int QueueMax { get; init; } = 16;

    /// <summary>Zero: what the model was trained with.</summary>
    public int ContextTokensPerSlot { get; init; }

    /// <summary>Zero: all cores but one.</summary>
    public int Threads { get; init; }

    /// <summary>Leaves the join secret out.</summary>
    public override string ToString() => $"node of {Network} at {Bind}";
}
