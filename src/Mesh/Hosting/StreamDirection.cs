using System;

namespace Darkbloom.Mesh.Hosting;

/// <summary>Which half of a stream an abort ends.</summary>
[Flags]
public enum StreamDirection
{
    None = 0,

    /// <summary>Asks the peer to stop sending; what it sent is discarded.</summary>
    Read = 1,

    /// <summary>Tells the peer that no more will come; what was not yet delivered may be lost.</summary>
    Write = 2,

    Both = Read | Write,
}
