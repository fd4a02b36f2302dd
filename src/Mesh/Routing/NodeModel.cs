namespace Darkbloom.Mesh.Routing;

/// <summary>A model as one node's card describes it.</summary>
public sealed record NodeModel(string Id, uint ContextTokens, bool Tools);
