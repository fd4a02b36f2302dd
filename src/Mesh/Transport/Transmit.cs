using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport;

/// <summary>Where the datagram goes that was just written, and how many bytes of the buffer it is.</summary>
public readonly record struct Transmit(PathAddress Target, int Length);
