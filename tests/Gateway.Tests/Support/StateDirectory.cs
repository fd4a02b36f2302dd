using System;
using System.IO;

namespace Darkbloom.Gateway.Tests.Support;

/// <summary>A directory that outlives the gateways of one test.</summary>
internal sealed class StateDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("darkbloom-state-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
