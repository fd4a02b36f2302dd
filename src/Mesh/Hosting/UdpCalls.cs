namespace Darkbloom.Mesh.Hosting;

/// <summary>Which system calls a UDP socket uses.</summary>
public enum UdpCalls
{
    /// <summary>The fastest that the running system turns out to know.</summary>
    Fastest,

    /// <summary>Those of .NET alone, which every system has.</summary>
    Portable,
}
