using System.IO;

namespace Darkbloom.Mesh.Hosting;

/// <summary>A session or a stream ended before its user was done with it.</summary>
public sealed class MeshException(MeshError error, ulong code, string message) : IOException(message)
{
    public MeshError Error { get; } = error;

    /// <summary>What the side that ended it said; its meaning depends on <see cref="Error"/>.</summary>
    public ulong Code { get; } = code;
}
