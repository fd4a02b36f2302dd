using System;
using System.Security.Cryptography;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Protocol.Handshake;

/// <summary>
/// Proof that a sender knows the responder's static key, checked before anything costs more than a hash.
/// </summary>
/// <remarks>
/// It authenticates nobody: the key is public. It turns scanners and noise away for a few microseconds each.
/// </remarks>
public sealed class HandshakeMac
{
    public const int Size = 16;

    private readonly byte[] _key = new byte[SHA256.HashSizeInBytes];

    public HandshakeMac(PublicKey responder)
    {
        ReadOnlySpan<byte> label = "darkbloom/mac1/v1\0"u8;
        Span<byte> input = stackalloc byte[label.Length + PublicKey.Size];
        label.CopyTo(input);
        responder.Write(input[label.Length..]);
        SHA256.HashData(input, _key);
    }

    /// <summary>Writes <see cref="Size"/> bytes to <paramref name="target"/>.</summary>
    public void Write(ReadOnlySpan<byte> message, Span<byte> target)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, message, mac);
        mac[..Size].CopyTo(target);
    }

    public bool IsValid(ReadOnlySpan<byte> message, ReadOnlySpan<byte> mac)
    {
        Span<byte> expected = stackalloc byte[Size];
        Write(message, expected);
        return CryptographicOperations.FixedTimeEquals(expected, mac);
    }
}
