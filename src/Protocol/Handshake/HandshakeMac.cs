using System;
using System.Security.Cryptography;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Protocol.Handshake;

/// <summary>
/// Proof that a sender knows the responder's static key, checked before anything costs more than a hash.
/// </summary>
/// <remarks>
/// It authenticates nobody: the key is public. It turns scanners and noise away for a microsecond or two each.
/// One thread at a time may use it.
/// </remarks>
public sealed class HandshakeMac
{
    public const int Size = 16;

    /// <summary>Keyed once: a hash begins as fast as it goes on. The key is no secret, so a finalizer is soon enough.</summary>
    private readonly IncrementalHash _hmac;

    public HandshakeMac(PublicKey responder)
    {
        ReadOnlySpan<byte> label = "darkbloom/mac1/v1\0"u8;
        Span<byte> input = stackalloc byte[label.Length + PublicKey.Size];
        label.CopyTo(input);
        responder.Write(input[label.Length..]);
        Span<byte> key = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, key);
        _hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
    }

    /// <summary>Writes <see cref="Size"/> bytes to <paramref name="target"/>.</summary>
    public void Write(ReadOnlySpan<byte> message, Span<byte> target)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        _hmac.AppendData(message);
        _hmac.GetHashAndReset(mac);
        mac[..Size].CopyTo(target);
    }

    public bool IsValid(ReadOnlySpan<byte> message, ReadOnlySpan<byte> mac)
    {
        Span<byte> expected = stackalloc byte[Size];
        Write(message, expected);
        return CryptographicOperations.FixedTimeEquals(expected, mac);
    }
}
