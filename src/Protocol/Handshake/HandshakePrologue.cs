using System;
using System.Text;

namespace Darkbloom.Protocol.Handshake;

/// <summary>
/// What both sides must agree on before the first byte: protocol version and network (docs/protocol.md, section 4).
/// </summary>
public static class HandshakePrologue
{
    public const byte Version = 1;
    public const int NetworkBytesMax = 64;

    /// <exception cref="ArgumentException">The network's name is empty or longer than <see
    /// cref="NetworkBytesMax"/>.</exception>
    public static byte[] Create(string network)
    {
        ArgumentException.ThrowIfNullOrEmpty(network);
        byte[] name = Encoding.UTF8.GetBytes(network);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, NetworkBytesMax, nameof(network));
        return [.. "darkbloom/noise\0"u8, Version, (byte)name.Length, .. name];
    }
}
