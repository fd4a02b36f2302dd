using Darkbloom.Protocol.Frames;

namespace Darkbloom.Mesh.Transport;

/// <summary>What the peer did wrong: a value, because nothing a peer sends may throw. It closes the connection.</summary>
internal sealed record TransportViolation(TransportErrorCode Code, string Reason);
