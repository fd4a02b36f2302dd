namespace Darkbloom.Mesh.Routing;

/// <summary>A model as one node's card describes it.</summary>
/// <param name="Fingerprint">Model, template and engine build: nodes of equal fingerprints draw equal tokens.</param>
public sealed record NodeModel(string Id, uint ContextTokens, ModelCapabilities Capabilities, string Fingerprint);
