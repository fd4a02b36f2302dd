namespace Darkbloom.Mesh.Routing;

/// <summary>A model as one node's card describes it.</summary>
public sealed record NodeModel(string Id, uint ContextTokens, bool Tools)
{
    /// <summary>Characters of a <see cref="Fingerprint"/>; a longer one is left out.</summary>
    public const int FingerprintCharsMax = 64;

    /// <summary>Model, template and engine build: nodes with equal fingerprints draw equal tokens. Empty: unknown.</summary>
    public string Fingerprint { get; init; } = "";
}
