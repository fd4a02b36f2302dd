namespace Darkbloom.Mesh.Hosting;

/// <summary>Why a session ended, and what the side that ended it said.</summary>
public readonly record struct MeshCloseReason(MeshError Error, ulong Code, string Text);
