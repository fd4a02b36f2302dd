using System;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Protocol.Handshake;

/// <summary>Issues and checks cookies, which prove that an initiator receives at the address it sends from.</summary>
/// <remarks>
/// A responder stores nothing for a cookie: an HMAC under a secret of its own binds address, connection id and message.
/// Its owner calls <see cref="Rotate"/> every <see cref="SecretSecondsMax"/>; a cookie lives for one to two such spans.
/// </remarks>
public sealed class RetryCookie : IDisposable
{
    public const int Size = 16;
    public const int SecretSize = 32;
    public const int SecretSecondsMax = 120;

    private const int AddressSize = 18;

    private readonly byte[] _present = GC.AllocateArray<byte>(SecretSize, pinned: true);
    private readonly byte[] _previous = GC.AllocateArray<byte>(SecretSize, pinned: true);
    private bool _hasPrevious;

    public RetryCookie(ReadOnlySpan<byte> secret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, SecretSize, nameof(secret));
        secret.CopyTo(_present);
    }

    /// <summary>What an Init carries before a Retry brought a cookie; never valid.</summary>
    public static ReadOnlySpan<byte> None => new byte[Size];

    /// <summary>Issues under a new random secret from now on; the one before still checks.</summary>
    public void Rotate(ReadOnlySpan<byte> secret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, SecretSize, nameof(secret));
        _present.CopyTo(_previous, 0);
        secret.CopyTo(_present);
        _hasPrevious = true;
    }

    /// <summary>Writes the cookie for an Init from an address, <see cref="Size"/> bytes.</summary>
    public void Issue(PathAddress from, InitPacket init, Span<byte> target) => Write(_present, from, init, target);

    public bool IsValid(PathAddress from, InitPacket init)
    {
        Span<byte> expected = stackalloc byte[Size];
        Write(_present, from, init, expected);
        if (CryptographicOperations.FixedTimeEquals(expected, init.Cookie))
        {
            return true;
        }

        Write(_previous, from, init, expected);
        return _hasPrevious && CryptographicOperations.FixedTimeEquals(expected, init.Cookie);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_present);
        CryptographicOperations.ZeroMemory(_previous);
    }

    private static void Write(ReadOnlySpan<byte> secret, PathAddress from, InitPacket init, Span<byte> target)
    {
        Span<byte> input = stackalloc byte[AddressSize + ConnectionId.Size + SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt128BigEndian(input, from.Address);
        BinaryPrimitives.WriteUInt16BigEndian(input[16..], from.Port);
        init.Source.Write(input[AddressSize..]);
        SHA256.HashData(init.Message, input[(AddressSize + ConnectionId.Size)..]);
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret, input, mac);
        mac[..Size].CopyTo(target);
    }
}
