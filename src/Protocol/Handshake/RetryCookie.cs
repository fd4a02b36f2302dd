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
    private const int BoundBytes = AddressSize + ConnectionId.Size + SHA256.HashSizeInBytes;

    /// <summary>Keyed once for all the cookies of a span.</summary>
    private IncrementalHash _present;
    private IncrementalHash? _previous;

    public RetryCookie(ReadOnlySpan<byte> secret) => _present = Keyed(secret);

    /// <summary>What an Init carries before a Retry brought a cookie; never valid.</summary>
    public static ReadOnlySpan<byte> None => new byte[Size];

    /// <summary>Issues under a new random secret from now on; the one before still checks.</summary>
    public void Rotate(ReadOnlySpan<byte> secret)
    {
        IncrementalHash fresh = Keyed(secret);
        _previous?.Dispose();
        _previous = _present;
        _present = fresh;
    }

    /// <summary>Writes the cookie for an Init from an address, <see cref="Size"/> bytes.</summary>
    public void Issue(PathAddress from, InitPacket init, Span<byte> target)
    {
        Span<byte> bound = stackalloc byte[BoundBytes];
        WriteBound(from, init, bound);
        Write(_present, bound, target);
    }

    public bool IsValid(PathAddress from, InitPacket init)
    {
        if (init.Cookie.SequenceEqual(None))
        {
            return false; // the most common case of a flood costs nothing
        }
        Span<byte> bound = stackalloc byte[BoundBytes];
        WriteBound(from, init, bound);
        return IsValid(_present, bound, init.Cookie) || (_previous is not null && IsValid(_previous, bound, init.Cookie));
    }

    public void Dispose()
    {
        _present.Dispose();
        _previous?.Dispose();
    }

    private static IncrementalHash Keyed(ReadOnlySpan<byte> secret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, SecretSize, nameof(secret));
        return IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
    }

    /// <summary>What a cookie binds: address, connection id and message.</summary>
    private static void WriteBound(PathAddress from, InitPacket init, Span<byte> target)
    {
        BinaryPrimitives.WriteUInt128BigEndian(target, from.Address);
        BinaryPrimitives.WriteUInt16BigEndian(target[16..], from.Port);
        init.Source.Write(target[AddressSize..]);
        SHA256.HashData(init.Message, target[(AddressSize + ConnectionId.Size)..]);
    }

    private static bool IsValid(IncrementalHash hmac, ReadOnlySpan<byte> bound, ReadOnlySpan<byte> cookie)
    {
        Span<byte> expected = stackalloc byte[Size];
        Write(hmac, bound, expected);
        return CryptographicOperations.FixedTimeEquals(expected, cookie);
    }

    private static void Write(IncrementalHash hmac, ReadOnlySpan<byte> bound, Span<byte> target)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        hmac.AppendData(bound);
        hmac.GetHashAndReset(mac);
        mac[..Size].CopyTo(target);
    }
}
